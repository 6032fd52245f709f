//! Names that clients call a CA by ([MS-WCCE] 3.1.1.4.1.1).

/// The names of a CA: any of them, compared without case, addresses it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaNames {
    /// The common name of the CA certificate's subject.
    pub common_name: String,
    /// The common name, with what directory and file names dislike escaped.
    pub sanitized: String,
    /// The same, at most 57 characters long: the `cn` of the CA's directory objects.
    pub sanitized_short: String,
}

/// Units of a sanitized name that a short name keeps.
const SHORT_LENGTH: usize = 51;

impl CaNames {
    /// Derives the other names from the common name.
    pub fn new(common_name: &str) -> Self {
        let sanitized = sanitize(common_name);
        let sanitized_short = shorten(&sanitized);
        Self { common_name: common_name.to_owned(), sanitized, sanitized_short }
    }

    /// Whether `authority` (pwszAuthority) names this CA.
    pub fn matches(&self, authority: &str) -> bool {
        let authority = authority.to_lowercase();
        [&self.common_name, &self.sanitized, &self.sanitized_short]
            .iter()
            .any(|name| name.to_lowercase() == authority)
    }
}

/// Replaces every UTF-16 unit that is not allowed by `!` and its four hex digits.
fn sanitize(name: &str) -> String {
    let mut out = String::new();
    for unit in name.encode_utf16() {
        match u8::try_from(unit).map(char::from) {
            Ok(kept) if is_allowed(kept) => out.push(kept),
            _ => out.push_str(&format!("!{unit:04x}")),
        }
    }
    out
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || " $-.@_~".contains(c)
}

/// Cuts a long sanitized name, and puts a hash of what is cut off behind it.
fn shorten(sanitized: &str) -> String {
    let Some((kept, _)) = sanitized.split_at_checked(SHORT_LENGTH) else {
        return sanitized.to_owned();
    };
    if kept.len() == sanitized.len() {
        return sanitized.to_owned();
    }
    // An escape sequence that the cut would split goes to the part cut off as a whole.
    let kept = match kept.rsplit_once('!') {
        Some((before, digits)) if digits.len() < 4 => before,
        _ => kept,
    };
    let cut_off = sanitized.strip_prefix(kept).unwrap_or_default();
    let hash =
        cut_off.encode_utf16().fold(0u16, |hash, unit| hash.rotate_left(1).wrapping_add(unit));
    format!("{kept}-{hash:05}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disallowed_characters_are_escaped() {
        for (name, sanitized) in [
            ("Example Issuing CA 1", "Example Issuing CA 1"),
            ("a$b-c.d@e_f~g", "a$b-c.d@e_f~g"),
            ("A & B \"C\"", "A !0026 B !0022C!0022"),
            (
                "!#%'()*+,/:;<=>?[\\]^`{|}\u{7f}\t",
                concat!(
                    "!0021!0023!0025!0027!0028!0029!002a!002b!002c!002f!003a!003b!003c!003d!003e!003f",
                    "!005b!005c!005d!005e!0060!007b!007c!007d!007f!0009"
                ),
            ),
            ("Zertifikate für €", "Zertifikate f!00fcr !20ac"),
            ("\u{1F512}", "!d83d!dd12"),
        ] {
            assert_eq!(CaNames::new(name).sanitized, sanitized);
        }
    }

    #[test]
    fn short_names_end_in_a_hash_of_the_rest() {
        let names = CaNames::new(&"x".repeat(51));
        assert_eq!(names.sanitized_short, "x".repeat(51), "51 units fit");

        // h("b") = 0x62 = 98
        let names = CaNames::new(&format!("{}b", "a".repeat(51)));
        assert_eq!(names.sanitized_short, format!("{}-00098", "a".repeat(51)));

        // h("bc") = rotl(0x62) + 0x63 = 196 + 99
        let names = CaNames::new(&format!("{}bc", "a".repeat(51)));
        assert_eq!(names.sanitized_short, format!("{}-00295", "a".repeat(51)));
        assert!(names.sanitized_short.len() <= 57);
    }

    #[test]
    fn a_cut_never_splits_an_escape() {
        // The escape of '&' would lie at units 49 to 53.
        let names = CaNames::new(&format!("{}&z", "a".repeat(49)));
        assert_eq!(names.sanitized, format!("{}!0026z", "a".repeat(49)));
        let hash = "!0026z".encode_utf16().fold(0u16, |h, u| h.rotate_left(1).wrapping_add(u));
        assert_eq!(names.sanitized_short, format!("{}-{hash:05}", "a".repeat(49)));

        // Here the escape ends right at the cut and stays.
        let names = CaNames::new(&format!("{}&z", "a".repeat(46)));
        assert_eq!(
            names.sanitized_short,
            format!("{}!0026-{:05}", "a".repeat(46), u16::from(b'z'))
        );
    }

    #[test]
    fn any_name_matches_without_case() {
        let long = format!("{} & Söhne", "Example ".repeat(8));
        let names = CaNames::new(&long);
        for name in [&names.common_name, &names.sanitized, &names.sanitized_short] {
            assert!(names.matches(&name.to_uppercase()), "{name}");
        }
        for other in ["", "Example", &format!("{long} ")] {
            assert!(!names.matches(other), "{other}");
        }
    }
}
