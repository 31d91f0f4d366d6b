"""The digest: a period on one page, as a page to print, as slides, or as a mail."""
