from .period import open_period as open_period
from . import page as page
