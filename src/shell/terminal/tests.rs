//! Later.
//! Later.
