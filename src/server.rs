//! Putting the rooms together: the running server.
