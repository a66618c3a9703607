//! Tests come with the loopback server.
