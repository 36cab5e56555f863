"""The images: from files that anybody may have to tensors that a network takes.

Read: catalog (the facts), idx (the format), places, verify, download, sources, fetch (how files get
here), images (what they hold), tensors (what a network takes), splits (load and split), batches;
then pictures, for a person's own.
"""
