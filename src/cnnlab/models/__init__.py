"""The networks: one file is LeNet-5, one holds small networks to compare with it.

Read: lenet5, small, catalog (their names), layers (what each layer returns and costs).
"""
