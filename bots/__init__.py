"""The platforms Parlour speaks on; a platform never knows another one."""
