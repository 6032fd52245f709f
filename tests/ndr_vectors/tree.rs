//! Compares decoded values with what a foreign tool was given, field by field.
//!
//! The decoded side is the `Debug` text of the generated types, so that no field can be
//! forgotten: every field must be in the expectation, unless it is a count of elements that the
//! decoder has itself compared with the array.

use serde_json::{Map, Number, Value};

/// The `Debug` text of a value, read back.
#[derive(Debug, PartialEq)]
pub enum Tree {
    /// A number, UUID, `None` or a variant without content.
    Word(String),
    /// A quoted string.
    Text(String),
    /// `[a, b]`
    List(Vec<Tree>),
    /// `Name { field: value }`
    Struct(Vec<(String, Tree)>),
    /// `Name(value)`
    Tuple(String, Vec<Tree>),
}

/// Fields that state how many elements an array has; the vectors leave them out.
const COUNTS: [&str; 28] = [
    "cb",
    "length",
    "maximumlength",
    "towerlength",
    "ccolout",
    "pcwcdbfiles",
    "numents",
    "numtowers",
    "count",
    "ulcntdata",
    "wnumentries",
    "ciid",
    "crequestedprotseqs",
    "cifs",
    "interfaces",
    "caddtoset",
    "cdelfromset",
    "ciids",
    "cinterfacerefs",
    "subauthoritycount",
    "groupcount",
    "sidcount",
    "resourcegroupcount",
    "transitedlistsize",
    "clsize",
    "size",
    "ccvr",
    "cbvalue",
];

impl Tree {
    /// Reads a `Debug` text.
    pub fn parse(debug: &str) -> Self {
        let mut parser = Parser { text: debug, at: 0 };
        let tree = parser.tree();
        assert_eq!(parser.at, debug.len(), "unread: {}", &debug[parser.at..]);
        tree
    }

    /// Compares with a neutral value (see `values.py`); the error names the field.
    pub fn matches(&self, expected: &Value) -> Result<(), String> {
        compare(self, expected).map_err(|error| format!(".{error}"))
    }
}

fn compare(tree: &Tree, expected: &Value) -> Result<(), String> {
    match (tree, expected) {
        (Tree::Word(none), Value::Null) if none == "None" => Ok(()),
        (Tree::Tuple(name, items), Value::Object(arm)) if arm.contains_key("arm") => {
            if normal(name) != normal(text_of(&arm["arm"])) {
                return compare_inner(tree, items, expected);
            }
            compare(items.first().unwrap_or(&Tree::Word("None".into())), &arm["value"])
        }
        (Tree::Word(name), Value::Object(arm)) if arm.contains_key("arm") => {
            if normal(name) == normal(text_of(&arm["arm"])) && arm["value"].is_null() {
                return Ok(());
            }
            Err(format!(" is {name}, not {expected}"))
        }
        (Tree::Tuple(_, items), _) => compare_inner(tree, items, expected),
        (Tree::Struct(fields), _) => compare_struct(fields, expected),
        (Tree::List(items), _) => compare_list(items, expected),
        (Tree::Text(text), Value::String(expected)) if text == expected => Ok(()),
        (Tree::Word(word), Value::String(expected)) if word == expected => Ok(()),
        (Tree::Word(word), Value::Number(number)) if same_number(word, number) => Ok(()),
        _ => Err(format!(" is {tree:?}, not {expected}")),
    }
}

/// Compares numbers; a negative 32-bit number may be shown unsigned.
fn same_number(word: &str, number: &Number) -> bool {
    let unsigned = number.as_i64().and_then(|n| i32::try_from(n).ok()).map(i32::cast_unsigned);
    word == number.to_string() || unsigned.is_some_and(|n| word == n.to_string())
}

/// Wrappers: `Some(…)`, `Full(…)`, `Ref(…)`, newtypes.
fn compare_inner(tree: &Tree, items: &[Tree], expected: &Value) -> Result<(), String> {
    match items {
        [inner] => compare(inner, expected),
        _ => Err(format!(" is {tree:?}, not {expected}")),
    }
}

fn compare_struct(fields: &[(String, Tree)], expected: &Value) -> Result<(), String> {
    let expected = match expected {
        Value::Object(expected) if !is_array(expected) => expected,
        _ => return compare_counted(fields, expected),
    };
    for (name, tree) in fields {
        let name = normal(name);
        let wanted = expected.iter().find(|(key, _)| normal(key) == name);
        match wanted {
            Some((key, value)) => {
                compare(tree, value).map_err(|error| format!("{key}.{error}"))?;
            }
            None if COUNTS.contains(&name.as_str()) => {}
            None => return Err(format!("{name} is not expected ({tree:?})")),
        }
    }
    let known: Vec<_> = fields.iter().map(|(name, _)| normal(name)).collect();
    match expected.keys().find(|key| !known.contains(&normal(key))) {
        Some(missing) => Err(format!("{missing} is missing")),
        None => Ok(()),
    }
}

/// Whether an object stands for an array: octets in hexadecimal, or only their number.
fn is_array(object: &Map<String, Value>) -> bool {
    object.contains_key("hex") || object.contains_key("length")
}

/// Arrays and strings that are structures here, for the sake of their maximum count.
fn compare_counted(fields: &[(String, Tree)], expected: &Value) -> Result<(), String> {
    let content = fields.iter().find(|(name, _)| name == "elements" || name == "text");
    match content {
        Some((_, tree)) => compare(tree, expected),
        None => Err(format!(" is a structure, not {expected}")),
    }
}

fn compare_list(items: &[Tree], expected: &Value) -> Result<(), String> {
    let expected: Vec<Value> = match expected {
        // Octets of which only the number is known.
        Value::Object(object) if object.contains_key("length") => {
            let length = object["length"].as_u64().and_then(|n| usize::try_from(n).ok());
            return (length == Some(items.len()))
                .then_some(())
                .ok_or_else(|| format!(" has {} elements, not {expected}", items.len()));
        }
        Value::Array(values) => values.clone(),
        Value::String(text) => text.encode_utf16().map(Value::from).collect(),
        Value::Object(object) if object.contains_key("hex") => {
            let octets = hex::decode(text_of(&object["hex"])).expect("hex in the vectors");
            octets.into_iter().map(Value::from).collect()
        }
        _ => return Err(format!(" is an array, not {expected}")),
    };
    if items.len() != expected.len() {
        return Err(format!(" has {} elements, not {}", items.len(), expected.len()));
    }
    for (index, (item, value)) in items.iter().zip(&expected).enumerate() {
        compare(item, value).map_err(|error| format!("{index}.{error}"))?;
    }
    Ok(())
}

fn text_of(value: &Value) -> &str {
    value.as_str().expect("text in the vectors")
}

/// A name without the differences of spelling between IDL and Rust.
fn normal(name: &str) -> String {
    let name = name.strip_prefix("r#").unwrap_or(name);
    if name == "return_value" {
        return "return".to_owned();
    }
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn tree(&mut self) -> Tree {
        match self.peek() {
            '"' => Tree::Text(self.quoted()),
            '[' => Tree::List(self.items('[', ']')),
            '(' => Tree::Tuple(String::new(), self.items('(', ')')),
            _ => {
                let word = self.word();
                match self.peek() {
                    '(' => Tree::Tuple(word, self.items('(', ')')),
                    ' ' if self.text[self.at..].starts_with(" {") => Tree::Struct(self.fields()),
                    _ => Tree::Word(word),
                }
            }
        }
    }

    fn items(&mut self, open: char, close: char) -> Vec<Tree> {
        self.expect(open);
        let mut items = Vec::new();
        while self.peek() != close {
            items.push(self.tree());
            self.skip(", ");
        }
        self.expect(close);
        items
    }

    fn fields(&mut self) -> Vec<(String, Tree)> {
        self.skip(" { ");
        let mut fields = Vec::new();
        while self.peek() != '}' {
            let name = self.word();
            self.skip(": ");
            fields.push((name, self.tree()));
            self.skip(", ");
            self.skip(" ");
        }
        self.expect('}');
        fields
    }

    fn word(&mut self) -> String {
        let rest = &self.text[self.at..];
        let end = rest.find([' ', ',', ':', '(', ')', '[', ']', '}']).unwrap_or(rest.len());
        self.at += end;
        rest[..end].to_owned()
    }

    fn quoted(&mut self) -> String {
        let rest = &self.text[self.at + 1..];
        let mut escaped = false;
        let end = rest
            .find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            })
            .expect("a closing quote");
        self.at += end + 2;
        rest[..end].replace("\\\\", "\\").replace("\\n", "\n").replace("\\\"", "\"")
    }

    fn peek(&self) -> char {
        self.text[self.at..].chars().next().unwrap_or('\0')
    }

    fn skip(&mut self, text: &str) {
        if self.text[self.at..].starts_with(text) {
            self.at += text.len();
        }
    }

    fn expect(&mut self, c: char) {
        assert_eq!(self.peek(), c, "at {} of {}", self.at, self.text);
        self.at += 1;
    }
}
