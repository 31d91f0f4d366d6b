from .period import open_period as open_period
