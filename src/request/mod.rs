//! Raw request bytes and attributes to one verified enrollment request.
