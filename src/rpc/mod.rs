//! DCE/RPC, connection oriented.
