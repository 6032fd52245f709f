//! Which rows a view shows ([MS-CSRA] 2.2.1.3, 3.1.4.1.12), and by which index they are found.

use std::cmp::Ordering;
use std::ops::RangeInclusive;

use super::columns::{Column, Kind, Table, ids};
use super::record::{Record, Value};
use crate::admin::AdminError;
use crate::model::{Disposition, SerialNumber};
use crate::store::Order;

/// Restrictions that one view may have.
pub const MAX_RESTRICTIONS: usize = 64;
/// The longest value of a restriction, in bytes.
pub const MAX_VALUE: usize = 64 * 1024;

/// A restriction as it travels.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restriction {
    /// ColumnIndex.
    pub column: u32,
    /// SeekOperator.
    pub operator: i32,
    /// SortOrder.
    pub sort: i32,
    /// pbValue.
    pub value: Vec<u8>,
}

/// A comparison that a row has to pass.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Comparison {
    column: u32,
    operator: Operator,
    value: Value,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Operator {
    Equal,
    Less,
    LessOrEqual,
    GreaterOrEqual,
    Greater,
}

/// The bits of SeekOperator that are the operator.
const OPERATOR: i32 = 0xFF;

impl Operator {
    /// `Ok(None)` for none: the restriction sorts, and no more.
    fn read(value: i32) -> Result<Option<Self>, AdminError> {
        Ok(Some(match value & OPERATOR {
            0 => return Ok(None),
            0x1 => Self::Equal,
            0x2 => Self::Less,
            0x4 => Self::LessOrEqual,
            0x8 => Self::GreaterOrEqual,
            0x10 => Self::Greater,
            _ => return Err(AdminError::Argument("there is no such seek operator")),
        }))
    }

    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::GreaterOrEqual => ordering.is_ge(),
            Self::Greater => ordering.is_gt(),
        }
    }
}

/// What the restrictions of a view say.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Conditions {
    comparisons: Vec<Comparison>,
    /// The column to sort by, and whether downwards.
    sort: Option<(u32, bool)>,
}

impl Conditions {
    /// Reads restrictions on columns of `table`.
    ///
    /// # Errors
    /// Where a column is another table's, a value is not of the column's kind, bytes are compared
    /// other than as equal, or there are two sort orders.
    pub fn read(table: Table, restrictions: &[Restriction]) -> Result<Self, AdminError> {
        let mut conditions = Self::default();
        for restriction in restrictions {
            if let Some(comparison) = special(table, restriction.column)? {
                conditions.comparisons.push(comparison);
                continue;
            }
            let column = column_of(table, restriction.column)?;
            conditions.sort_by(column, restriction.sort)?;
            let Some(operator) = Operator::read(restriction.operator)? else { continue };
            if column.kind == Kind::Binary && operator != Operator::Equal {
                return Err(AdminError::Argument("bytes are equal or not, and nothing else"));
            }
            let value = Some(&restriction.value).filter(|value| value.len() <= MAX_VALUE);
            let value = value.and_then(|value| Value::decode(column.kind, value));
            let value =
                value.ok_or(AdminError::Argument("the value is not of the column's kind"))?;
            conditions.comparisons.push(Comparison { column: column.id, operator, value });
        }
        Ok(conditions)
    }

    fn sort_by(&mut self, column: &Column, order: i32) -> Result<(), AdminError> {
        let downwards = match order {
            0 => return Ok(()),
            1 => false,
            2 => true,
            _ => return Err(AdminError::Argument("there is no such sort order")),
        };
        match self.sort.replace((column.id, downwards)) {
            Some(_) => Err(AdminError::Argument("only one restriction may sort")),
            None => Ok(()),
        }
    }

    /// Whether a row passes all comparisons. What is empty passes none.
    pub fn admit(&self, record: &Record<'_>) -> bool {
        self.comparisons.iter().all(|comparison| {
            let value = record.value(comparison.column);
            let ordering = value.and_then(|value| value.compare(&comparison.value));
            ordering.is_some_and(|ordering| comparison.operator.holds(ordering))
        })
    }

    /// Whether rows are sorted downwards.
    pub fn downwards(&self) -> bool {
        self.sort.is_some_and(|(_, downwards)| downwards)
    }

    /// In which order the rows are read, and from which index: that of the column to sort by, or the
    /// one that most likely leaves the fewest rows to look at.
    ///
    /// # Errors
    /// For a sort order that there is no index for.
    pub fn order(&self, id_column: u32) -> Result<Order, AdminError> {
        let ids = self.numbers(&[id_column, ids::REQUEST_ID, ids::ISSUED_ID]);
        let by_id = Order::Id(ids.clone());
        if let Some((column, _)) = self.sort {
            return match column {
                _ if column == id_column => Ok(by_id),
                ids::REQUEST_ID | ids::ISSUED_ID => Ok(by_id),
                ids::SERIAL => Ok(Order::Serial(self.serial())),
                ids::TEMPLATE => Ok(Order::Template(self.equal_text(ids::TEMPLATE))),
                ids::NOT_AFTER => Ok(Order::Expiry(self.expiry())),
                ids::DISPOSITION => Ok(Order::ByDisposition),
                _ => Err(AdminError::Argument(
                    "rows are sorted by request, serial number, template, expiry or disposition",
                )),
            };
        }
        if ids.start() == ids.end() {
            return Ok(by_id);
        }
        if let Some(serial) = self.serial() {
            return Ok(Order::Serial(Some(serial)));
        }
        if let Some(requester) = self.equal_text(ids::REQUESTER) {
            return Ok(Order::Requester(requester));
        }
        let dispositions = self.dispositions();
        let rare = !dispositions.contains(&Disposition::Issued.column_value());
        if rare {
            return Ok(Order::Disposition(dispositions));
        }
        if let Some(template) = self.equal_text(ids::TEMPLATE) {
            return Ok(Order::Template(Some(template)));
        }
        if self.comparisons.iter().any(|comparison| comparison.column == ids::NOT_AFTER) {
            return Ok(Order::Expiry(self.expiry()));
        }
        let all = dispositions.len() == Disposition::ALL.len();
        if !all && ids == (0..=u32::MAX) {
            return Ok(Order::Disposition(dispositions));
        }
        Ok(by_id)
    }

    fn on<'a>(&'a self, columns: &'a [u32]) -> impl Iterator<Item = &'a Comparison> {
        self.comparisons.iter().filter(|comparison| columns.contains(&comparison.column))
    }

    /// The numbers that pass the comparisons on any of these columns.
    fn numbers(&self, columns: &[u32]) -> RangeInclusive<u32> {
        let (mut low, mut high) = (0, u32::MAX);
        let mut nothing = false;
        for Comparison { operator, value, .. } in self.on(columns) {
            let Value::Long(value) = *value else { continue };
            let (from, to) = match operator {
                Operator::Equal => (Some(value), Some(value)),
                Operator::Less => (Some(0), value.checked_sub(1)),
                Operator::LessOrEqual => (Some(0), Some(value)),
                Operator::GreaterOrEqual => (Some(value), Some(u32::MAX)),
                Operator::Greater => (value.checked_add(1), Some(u32::MAX)),
            };
            match (from, to) {
                (Some(from), Some(to)) => (low, high) = (low.max(from), high.min(to)),
                _ => nothing = true,
            }
        }
        if nothing {
            (low, high) = (1, 0);
        }
        low..=high
    }

    /// When certificates end that pass, in whole seconds since 1970: a second wider than the
    /// comparisons, which are applied to the rows again.
    fn expiry(&self) -> RangeInclusive<u64> {
        let (mut low, mut high) = (0, u64::MAX);
        for Comparison { operator, value, .. } in self.on(&[ids::NOT_AFTER]) {
            let time =
                value.time().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
            let seconds = time.map_or(0, |since| since.as_secs());
            if !matches!(operator, Operator::Less | Operator::LessOrEqual) {
                low = low.max(seconds);
            }
            if !matches!(operator, Operator::Greater | Operator::GreaterOrEqual) {
                high = high.min(seconds.saturating_add(1));
            }
        }
        low..=high
    }

    fn equal_text(&self, column: u32) -> Option<String> {
        self.on(&[column]).find_map(|comparison| match (&comparison.operator, &comparison.value) {
            (Operator::Equal, Value::Text(text)) => Some(text.clone()),
            _ => None,
        })
    }

    /// The serial number that is asked for. A text that is none passes no row, but the comparison
    /// says so itself.
    fn serial(&self) -> Option<SerialNumber> {
        self.equal_text(ids::SERIAL)?.to_lowercase().parse().ok()
    }

    /// The dispositions that pass.
    fn dispositions(&self) -> Vec<u32> {
        let passes = |value: &u32| {
            self.on(&[ids::DISPOSITION]).all(|comparison| {
                let ordering = Value::Long(*value).compare(&comparison.value);
                ordering.is_some_and(|ordering| comparison.operator.holds(ordering))
            })
        };
        Disposition::ALL.iter().map(|one| one.column_value()).filter(passes).collect()
    }
}

/// The restrictions that stand for a folder of the console: queue, log, failed requests.
fn special(table: Table, column: u32) -> Result<Option<Comparison>, AdminError> {
    let (operator, value) = match column {
        0xFFFF_FFFF => (Operator::LessOrEqual, Disposition::Pending.column_value()),
        0xFFFF_FFFE => (Operator::GreaterOrEqual, Disposition::Issued.column_value()),
        0xFFFF_FFFD => (Operator::GreaterOrEqual, Disposition::Failed.column_value()),
        _ => return Ok(None),
    };
    if table != Table::Requests {
        return Err(AdminError::Argument(
            "queue, log and failed requests are of the Request table",
        ));
    }
    Ok(Some(Comparison { column: ids::DISPOSITION, operator, value: Value::Long(value) }))
}

/// A column of this table.
pub(super) fn column_of(table: Table, id: u32) -> Result<&'static Column, AdminError> {
    let found = Table::find(id).filter(|(of, _)| *of == table);
    found.map(|(_, column)| column).ok_or(AdminError::Argument("the view has no such column"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restriction(column: u32, operator: i32, value: &[u8]) -> Restriction {
        Restriction { column, operator, sort: 0, value: value.to_vec() }
    }

    fn long(column: u32, operator: i32, value: u32) -> Restriction {
        restriction(column, operator, &value.to_le_bytes())
    }

    fn text(column: u32, value: &str) -> Restriction {
        let units: Vec<u8> = value.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        restriction(column, 1, &units)
    }

    fn order(restrictions: &[Restriction]) -> Order {
        Conditions::read(Table::Requests, restrictions).unwrap().order(ids::REQUEST_ID).unwrap()
    }

    #[test]
    fn the_index_is_the_one_that_leaves_the_fewest_rows() {
        assert_eq!(order(&[]), Order::Id(0..=u32::MAX));
        assert_eq!(order(&[long(0x1000, 1, 5)]), Order::Id(5..=5));
        assert_eq!(order(&[long(0x1000, 0x10, 5), long(0x2000, 4, 9)]), Order::Id(6..=9));
        assert_eq!(order(&[long(0x1009, 1, 9)]), Order::Disposition(vec![9]));
        assert_eq!(order(&[long(0x1009, 8, 30)]), Order::Disposition(vec![30, 31]));
        assert_eq!(order(&[long(0xFFFF_FFFF, 99, 0)]), Order::Disposition(vec![9]));
        let log = Order::Disposition(vec![20, 21, 30, 31]);
        assert_eq!(order(&[long(0xFFFF_FFFE, 0, 0)]), log);
        let serial = "0a0b".parse().unwrap();
        assert_eq!(order(&[text(0x2007, "0A0b")]), Order::Serial(Some(serial)));
        let alice = Order::Requester("LAB\\alice".to_owned());
        assert_eq!(order(&[text(0x1010, "LAB\\alice"), long(0x1009, 1, 20)]), alice);
        let user = Order::Template(Some("User".to_owned()));
        assert_eq!(order(&[long(0x1009, 1, 20), text(0x2003, "User")]), user);
        let pending = [long(0x1009, 1, 9), text(0x2003, "User")];
        assert_eq!(order(&pending), Order::Disposition(vec![9]));
        let moment = (11_644_473_600_u64 + 100) * 10_000_000;
        let until = restriction(0x200A, 2, &moment.to_le_bytes());
        assert_eq!(order(&[until]), Order::Expiry(0..=101));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let refused = |table, restrictions: &[Restriction]| {
            Conditions::read(table, restrictions).and_then(|c| c.order(0x1000)).is_err()
        };
        let sorted = |column| Restriction { sort: 1, ..long(column, 0, 0) };
        for restrictions in [
            vec![long(0x102B, 1, 1)],
            vec![long(0x5000, 1, 1)],
            vec![restriction(0x1009, 1, &[9])],
            vec![restriction(0x100B, 1, &[0; 4])],
            vec![restriction(0x1010, 1, &[0])],
            vec![restriction(0x1010, 1, &[0, 0xD8])],
            vec![restriction(0x1001, 2, &[1])],
            vec![long(0x1009, 3, 1)],
            vec![Restriction { sort: 3, ..long(0x1000, 0, 0) }],
            vec![sorted(0x1000), sorted(0x1009)],
            vec![sorted(0x1010)],
            vec![restriction(0x1010, 1, &vec![b'a'; MAX_VALUE + 2])],
        ] {
            assert!(refused(Table::Requests, &restrictions), "{restrictions:?}");
        }
        assert!(refused(Table::Crls, &[long(0xFFFF_FFFF, 0, 0)]));
        assert!(!refused(Table::Requests, &[sorted(0x2007), long(0x1009, 1, 20)]));
    }

    #[test]
    fn every_operator_compares_as_it_says() {
        for (operator, expected) in [
            (0x1, [false, true, false]),
            (0x2, [true, false, false]),
            (0x4, [true, true, false]),
            (0x8, [false, true, true]),
            (0x10, [false, false, true]),
            (0x1001, [false, true, false]),
        ] {
            let conditions =
                Conditions::read(Table::Attributes, &[long(0x3000, operator, 5)]).unwrap();
            let attribute = ("a".to_owned(), String::new());
            let admits = [4, 5, 6].map(|id| {
                conditions.admit(&Record::Attribute(crate::model::RequestId(id), &attribute))
            });
            assert_eq!(admits, expected, "{operator:#x}");
        }
        let attribute = ("Name".to_owned(), String::new());
        let record = Record::Attribute(crate::model::RequestId(1), &attribute);
        let admits = |restriction| {
            Conditions::read(Table::Attributes, &[restriction]).unwrap().admit(&record)
        };
        assert!(admits(text(0x3001, "nAME")), "text without case");
        assert!(!admits(Restriction { operator: 8, ..text(0x3002, "") }), "what is empty never");
    }
}
