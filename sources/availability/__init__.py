"""When and how often an endpoint is asked: hours, rate, pauses, and leaving alone what keeps failing.

What decides is pure: the time, the random number and the pause are passed in.
"""
