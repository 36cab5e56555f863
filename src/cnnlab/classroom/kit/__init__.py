"""The offline kit: everything that a laptop without internet needs, in one folder.

Read: target.py resolve.py wheel.py contents.py sums.py scripts.py build.py install.py handout.py
serve.py
"""
