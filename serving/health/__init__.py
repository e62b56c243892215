"""`rto doctor`: is this installation well?"""
