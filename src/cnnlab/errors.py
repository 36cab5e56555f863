"""The errors that a user can fix. Each message says what happened and what to do."""


class CnnlabError(Exception):
    """Something the user can fix: the command line shows the message and exits with 1."""


class DataError(CnnlabError):
    """A data file is missing, damaged, or not the file that its name says."""


class DataUnavailableError(DataError):
    """A data set is not on this machine, and no source could deliver it."""


class ConfigError(CnnlabError):
    """A setting is unknown, has the wrong type or is out of range."""


class ModelError(CnnlabError):
    """A model is unknown, or it cannot be used."""


class PictureError(CnnlabError):
    """A picture cannot be read, or it shows nothing to recognise."""


class RunError(CnnlabError):
    """A run folder is missing, damaged, or already exists."""


class DeviceError(CnnlabError):
    """The requested device is not on this machine."""


class WorkerError(CnnlabError):
    """The processes or machines for training failed, or cannot be used."""


class DivergedError(CnnlabError):
    """The loss became NaN or infinite. The model holds the last weights with a finite loss."""
