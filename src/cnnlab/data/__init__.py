"""The images: from files that anybody may have to tensors that a network takes.

Read: catalog (the facts), idx (the format), places, verify, files (what lies on this machine),
download, sources, fetch (how it gets here), images (what the files hold), tensors (what a network
takes), splits, library (load), batches; then pictures, for a person's own.
"""
