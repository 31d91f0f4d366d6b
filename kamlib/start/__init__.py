"""A new book from the files people have: what their columns mean, and the book that reads them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"new": ["empty_book", "new_book", "title_of"]}
)
