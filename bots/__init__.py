"""The platforms Parlour speaks on; a platform never knows another one."""

__version__ = "0.1.0"
