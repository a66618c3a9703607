//! `render(&Screen, &Theme, area, buf)`: cells from a screen. Cannot see the desk; changes nothing.
//! Themes, layouts and widgets live here; every colour comes from a theme file.

pub mod svg;
pub mod theme;
