"""The few errors a user can meet; each says what happened and what to do."""


class CnnlabError(Exception):
    """Something the user can mend: the command line shows the message and exits 1."""


class DataError(CnnlabError):
    """A data file is missing, damaged, or not what it says it is."""


class DataUnavailableError(DataError):
    """A data set is nowhere on this machine and no source could deliver it."""


class ConfigError(CnnlabError):
    """A setting is unknown, ill-typed or out of range."""


class ModelError(CnnlabError):
    """A model is unknown or cannot do the job."""


class PictureError(CnnlabError):
    """A picture cannot be read or holds nothing to recognise."""


class RunError(CnnlabError):
    """A run folder is missing, damaged, or already there."""


class DeviceError(CnnlabError):
    """The device that was asked for is not on this machine."""


class WorkerError(CnnlabError):
    """The processes or machines that should train do not, or are not fit to."""


class DivergedError(CnnlabError):
    """The loss became NaN or infinite; the model holds the last weights whose loss was finite."""
