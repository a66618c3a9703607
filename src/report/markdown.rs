//! Markdown made of outside text: a page of headings, lists and tables in which no note, name or
//! headline can be more than text. Form only; the words are those of the documents.

use crate::domain::text::{MARK, cell_ok, kept};

/// What has a meaning somewhere in a line of Markdown (CommonMark and GitHub's tables).
const SPECIAL: &str = "\\`*_[]<|~&$";

/// A page under way.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MarkdownPage {
    text: String,
}

/// Outside text as text: line ends become blanks, what a terminal obeys is marked, what Markdown
/// gives a meaning is escaped.
pub fn text(outside: &str) -> String {
    let mut out = String::with_capacity(outside.len());
    let mut cell = [0_u8; 4];
    for c in kept(outside).trim().chars() {
        match c {
            '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                out.push(' ');
            }
            c if SPECIAL.contains(c) => out.extend(['\\', c]),
            c if c.is_ascii_graphic() || c == ' ' || cell_ok(c.encode_utf8(&mut cell)) => {
                out.push(c);
            }
            _ => out.push(MARK),
        }
    }
    begin(out)
}

/// Nothing at the beginning of a line makes a list, a rule or a heading of it.
fn begin(text: String) -> String {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let numbered = digits > 0 && text[digits..].starts_with(['.', ')']);
    if numbered {
        return format!("{}\\{}", &text[..digits], &text[digits..]);
    }
    if text.starts_with(['-', '+', '=', ':', '>', '#']) { format!("\\{text}") } else { text }
}

impl MarkdownPage {
    /// A heading; the first one of a page has level 1.
    pub fn heading(&mut self, level: usize, own: &str) {
        self.gap();
        self.line(&format!("{} {own}", "#".repeat(level)));
        self.text.push('\n');
    }

    /// A blank line, once.
    pub fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A line that is Markdown already.
    pub fn line(&mut self, made: &str) {
        self.text.push_str(made);
        self.text.push('\n');
    }

    /// A paragraph.
    pub fn say(&mut self, made: &str) {
        self.line(made);
        self.text.push('\n');
    }

    pub fn item(&mut self, made: &str) {
        self.line(&format!("- {made}"));
    }

    /// A list, or `none` where there is nothing in it.
    pub fn list(&mut self, items: impl IntoIterator<Item = String>, none: &str) {
        let mut any = false;
        for item in items {
            any = true;
            self.item(&item);
        }
        if !any {
            self.line(none);
        }
    }

    /// A table whose cells are Markdown already, or `none` where it has no row.
    pub fn table<const N: usize>(&mut self, head: [&str; N], rows: &[[String; N]], none: &str) {
        if rows.is_empty() {
            self.line(none);
            return;
        }
        self.line(&format!("| {} |", head.join(" | ")));
        self.line(&format!("|{}", "---|".repeat(N)));
        for row in rows {
            self.line(&format!("| {} |", row.join(" | ")));
        }
    }

    pub fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        let hostile = "a|b `rm -rf` <script>x</script> [l](http://x) ![i](y)\n# head\n| c |\x1b[2J";
        let safe = text(hostile);
        assert!(!safe.contains(['\n', '\x1b']), "{safe}");
        assert!(safe.starts_with("a\\|b \\`rm -rf\\` \\<script>x"), "{safe}");
        assert_eq!(text("- item"), "\\- item");
        assert_eq!(text("12. twelfth"), "12\\. twelfth");
        assert_eq!(text("# no heading"), "\\# no heading");
        assert_eq!(text("theme-2026.11.20-3"), "theme-2026.11.20-3");
        assert_eq!(text("\u{202e}abc"), format!("{MARK}abc"));
        assert!(text(&"x".repeat(1_000_000)).len() < 10_000);
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_cell(outside in any::<String>()) {
            let safe = text(&outside);
            let mut escaped = false;
            for c in safe.chars() {
                prop_assert!(!c.is_control(), "{safe:?}");
                prop_assert!(escaped || c == '\\' || !SPECIAL.contains(c), "{safe:?}");
                escaped = c == '\\' && !escaped;
            }
            prop_assert!(!escaped, "an escape at the end would take the cell's end: {safe:?}");
        }
    }

    #[test]
    fn a_table_without_rows_says_so() {
        let mut page = MarkdownPage::default();
        page.heading(1, "x");
        page.table(["A", "B"], &[], "none");
        page.table(["A", "B"], &[["1".into(), "2".into()]], "none");
        assert_eq!(page.finish(), "# x\n\nnone\n| A | B |\n|---|---|\n| 1 | 2 |\n");
    }
}
