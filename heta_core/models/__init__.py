"""From a name to a checked model: where it lies, what its folder holds, how it is fetched, built and tried."""
