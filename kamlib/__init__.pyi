from . import page as page
from . import plots as plots
from . import story as story
from . import practice as practice
from .period import open_period as open_period
