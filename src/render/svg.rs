//! Buffer to SVG.
//! Later.
