//! Outside text made safe for a cell: the one function and the one type for it.
//! The rule is the allow-list of reliability.md 2.2; nothing here draws.
