//! Every theme file holds all roles, can be read on its background, and ranks without colour.
//! Contrast is WCAG 2.1's ratio (relative luminance), 4.5 for text and 3 for lines.

use std::collections::BTreeSet;

use ratatui::style::{Color, Style};

use super::*;

fn luminance((r, g, b): Rgb) -> f64 {
    let linear = |byte: u8| {
        let c = f64::from(byte) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Foreground and background of a role as seen.
fn seen(theme: &Theme, role: Role) -> (Rgb, Rgb) {
    let style = theme.ground().patch(theme.style(role));
    let (fg, bg) = theme.rgb();
    (rgb(style.fg.unwrap_or(Color::Reset), fg), rgb(style.bg.unwrap_or(Color::Reset), bg))
}

fn all(depth: ColorDepth) -> Vec<Theme> {
    BUILT_IN.iter().map(|(name, _)| Theme::load(name, depth).expect(name)).collect()
}

#[test]
fn every_theme_parses_with_all_roles_under_its_own_name() {
    for ((name, _), theme) in BUILT_IN.iter().zip(all(ColorDepth::True)) {
        assert_eq!(*name, theme.name);
        assert_eq!(theme.looks.len(), ROLES.len());
    }
    for (at, role) in ROLES.iter().enumerate() {
        assert_eq!(*role as usize, at, "{role:?} stands in the order of its declaration");
    }
    assert_eq!(themes().len(), BUILT_IN.len());
    assert_eq!(themes()[0].name, "night");
}

#[test]
fn text_and_lines_can_be_read_on_their_background() {
    for depth in [ColorDepth::True, ColorDepth::Ansi256] {
        for theme in all(depth) {
            if ["mono", "ansi16"].contains(&theme.name.as_str()) {
                continue; // the terminal's own colours, not ours to judge
            }
            for role in ROLES {
                let (fg, bg) = seen(&theme, *role);
                let floor = match (theme.name.as_str(), role) {
                    (_, Role::Border) => 3.0,
                    ("contrast", _) => 7.0,
                    _ => 4.5,
                };
                let ratio = contrast(fg, bg);
                assert!(ratio >= floor, "{} {role:?} at {depth:?}: {ratio:.2}", theme.name);
            }
        }
    }
}

#[test]
fn with_sixteen_colours_nothing_disappears() {
    for theme in all(ColorDepth::Ansi16) {
        for role in ROLES {
            let (fg, bg) = seen(&theme, *role);
            let ratio = contrast(fg, bg);
            assert!(ratio >= 2.5, "{} {role:?}: {ratio:.2} {fg:?} on {bg:?}", theme.name);
        }
    }
}

#[test]
fn severities_and_heat_differ_in_every_theme_and_without_colour() {
    let sev = [Role::Sev1, Role::Sev2, Role::Sev3, Role::Sev4];
    let heat: Vec<Role> = ROLES[Role::Heat0 as usize..=Role::Heat6 as usize].to_vec();
    for depth in [ColorDepth::True, ColorDepth::Ansi256, ColorDepth::Mono] {
        for theme in all(depth) {
            for group in [&sev[..], &heat[..]] {
                let looks: BTreeSet<String> =
                    group.iter().map(|role| format!("{:?}", theme.style(*role))).collect();
                assert_eq!(looks.len(), group.len(), "{} {group:?} {depth:?}", theme.name);
            }
        }
    }
    let mono = Theme::load("day", ColorDepth::Mono).expect("day");
    assert_eq!(mono.name, "mono");
    for role in ROLES {
        let Style { fg, bg, .. } = mono.style(*role);
        assert_eq!((fg, bg), (None, None), "{role:?}");
    }
}

#[test]
fn heat_changes_lightness_in_one_direction() {
    for theme in all(ColorDepth::True) {
        if ["mono", "ansi16"].contains(&theme.name.as_str()) {
            continue;
        }
        let heat = &ROLES[Role::Heat0 as usize..=Role::Heat6 as usize];
        let light: Vec<f64> = heat.iter().map(|r| luminance(seen(&theme, *r).1)).collect();
        let rising = light.is_sorted();
        let falling = light.iter().rev().is_sorted();
        assert!(if theme.light { falling } else { rising }, "{} {light:.2?}", theme.name);
    }
}

#[test]
fn a_broken_file_is_refused_with_the_key() {
    let night = BUILT_IN[0].1;
    let missing = night.replace("sev3 =", "sev5 =");
    let error = Theme::parse(&missing, ColorDepth::True).expect_err("unknown role");
    assert!(error.contains("sev5"), "{error}");
    let without: String =
        night.lines().filter(|l| !l.starts_with("blind")).collect::<Vec<_>>().join("\n");
    let error = Theme::parse(&without, ColorDepth::True).expect_err("missing role");
    assert!(error.contains("blind"), "{error}");
    for (from, to) in [("#d0d0d0", "grün"), ("bold = true", "bald = true"), ("name =", "nome =")] {
        assert!(Theme::parse(&night.replace(from, to), ColorDepth::True).is_err(), "{to}");
    }
    let error = Theme::load("nihgt", ColorDepth::True).expect_err("unknown theme");
    assert!(error.contains("night, day"), "{error}");
}

#[test]
fn depth_is_what_the_environment_says() {
    use ColorDepth as D;
    for (no_color, colorterm, term, expected) in [
        (false, "truecolor", "xterm-256color", D::True),
        (false, "24bit", "screen", D::True),
        (false, "", "xterm-256color", D::Ansi256),
        (false, "", "xterm-kitty", D::True),
        (false, "", "xterm-direct", D::True),
        (false, "", "linux", D::Ansi16),
        (false, "yes", "screen", D::Ansi16),
        (false, "", "vt100", D::Mono),
        (false, "truecolor", "dumb", D::Mono),
        (false, "", "", D::Mono),
        (true, "truecolor", "xterm-256color", D::Mono),
    ] {
        assert_eq!(depth(no_color, colorterm, term), expected, "{no_color} {colorterm} {term}");
    }
}

#[test]
fn colours_are_reduced_to_the_nearest() {
    use depth::reduce;
    for (from, depth, to) in [
        ((0xff, 0x87, 0x00), ColorDepth::True, Color::Indexed(208)),
        ((0xff, 0x88, 0x00), ColorDepth::True, Color::Rgb(0xff, 0x88, 0)),
        ((0xff, 0x88, 0x00), ColorDepth::Ansi256, Color::Indexed(208)),
        ((0x12, 0x12, 0x12), ColorDepth::Ansi256, Color::Indexed(233)),
        ((0xd7, 0x00, 0x00), ColorDepth::Ansi16, Color::Red),
        ((0x12, 0x12, 0x12), ColorDepth::Ansi16, Color::Black),
        ((0xff, 0xff, 0xff), ColorDepth::Ansi16, Color::White),
    ] {
        assert_eq!(reduce(from, depth), to, "{from:?} {depth:?}");
    }
    for index in 16..=255 {
        let same = reduce(rgb(Color::Indexed(index), (0, 0, 0)), ColorDepth::Ansi256);
        assert_eq!(rgb(same, (0, 0, 0)), rgb(Color::Indexed(index), (0, 0, 0)));
    }
}
