"""Seen while they still buy, and the days ahead: what falls, what is due, where money could come.

Sales by every dimension of the book; alerts on categories and accounts that fall while they still
buy; the health of key accounts; what is dated in the next months.
"""
