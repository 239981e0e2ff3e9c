"""`make bench`: what the service costs, in counts that come out the same on every machine, each beside its goal.

Capacity units come from DynamoDB Local, instructions from valgrind, modules from the interpreter. Seconds are never
compared: the machine is shared, and AWS bills none of the emulator's time.
"""
