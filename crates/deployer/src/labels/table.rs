//! CSV and TSV: a column of labels, perhaps a column of class numbers, perhaps a header.

use super::{
    listed::{Entry, Listed, Place, Problem},
    numbers::{self, Numbered},
};

/// Names of a column of labels, the best first.
const NAMES: [&str; 9] =
    ["display_name", "label", "name", "class_name", "label_name", "classname", "class", "category", "labels"];
/// Names of a column of class numbers, the best first.
const NUMBERS: [&str; 9] = ["index", "idx", "class_index", "class_id", "classid", "label_id", "id", "class", "label"];

struct Row {
    line: usize,
    cells: Vec<String>,
}

/// Reads a table. Without a delimiter it is the one of `,`, `;` and tab that the first line has.
pub(super) fn read(text: &str, delimiter: Option<u8>) -> Result<Listed, Problem> {
    let first = text.trim_start().lines().next().unwrap_or_default();
    let found = [b',', b';', b'\t'].into_iter().find(|delimiter| first.as_bytes().contains(delimiter));
    let delimiter = delimiter.or(found).unwrap_or(b',');
    let mut rows = rows(text, delimiter)?;
    let lower = |row: &Row| -> Vec<String> { row.cells.iter().map(|cell| cell.to_lowercase()).collect() };
    let header = rows.first().map(lower).filter(|cells| is_header(cells));
    if header.is_some() {
        rows.remove(0);
    }
    if rows.is_empty() {
        return Err(Problem::new("it has a header and no labels"));
    }
    let width = rows.iter().map(|row| row.cells.len()).max().unwrap_or_default();
    if width == 1 {
        return Ok(Listed::new(rows.iter().map(|row| entry(row, 0)).collect(), "one label a line"));
    }
    if rows.len() == 1 && header.is_none() {
        let row = &rows[0];
        return Ok(Listed::new((0..width).map(|column| entry(row, column)).collect(), "one row of labels"));
    }
    let (number, name) = match &header {
        Some(header) => named_columns(header)?,
        None => unnamed_columns(&mut rows, width, delimiter)?,
    };
    if let Some(row) = rows.iter().find(|row| row.cells.len() <= name.max(number.unwrap_or(0))) {
        return Err(Problem::at(Place::Line(row.line), "has fewer columns than the others"));
    }
    let Some(number) = number else {
        return Ok(Listed::new(rows.iter().map(|row| entry(row, name)).collect(), "a table with a column of labels"));
    };
    let mut labels = Vec::new();
    for row in &rows {
        let Some(number) = numbers::number(&row.cells[number]) else {
            let text = format_args!("has {:?} where the others have the number of a class", row.cells[number]);
            return Err(Problem::at(Place::Line(row.line), text));
        };
        labels.push(Numbered { number, entry: entry(row, name) });
    }
    let (entries, first) = numbers::order(labels)?;
    let mut listed = Listed::new(entries, "a table of numbers and labels");
    listed.warnings.extend(first.warning());
    Ok(listed)
}

fn rows(text: &str, delimiter: u8) -> Result<Vec<Row>, Problem> {
    let text = text.trim_end();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut rows: Vec<Row> = Vec::new();
    // The reader passes over empty lines, and each of them may stand for a class.
    if let Some((line, _)) = text.lines().enumerate().find(|(_, line)| line.trim().is_empty()) {
        return Err(Problem::at(Place::Line(line + 1), "empty label"));
    }
    for record in reader.records() {
        let record = record.map_err(|error| Problem::new(format!("it is no table: {error}")))?;
        let line = record.position().map_or(0, |position| usize::try_from(position.line()).unwrap_or(usize::MAX));
        rows.push(Row { line, cells: record.iter().map(str::to_owned).collect() });
    }
    Ok(rows)
}

fn entry(row: &Row, column: usize) -> Entry {
    Entry { name: row.cells[column].clone(), place: Place::Line(row.line) }
}

/// Whether the first row names columns: one of labels, and nothing in it is a number. A list of one column whose first label
/// is `name` is not to be told from one with a header, so only the usual words count.
fn is_header(cells: &[String]) -> bool {
    let known = |cell: &String| NAMES.contains(&cell.as_str()) || NUMBERS.contains(&cell.as_str());
    cells.iter().any(known) && cells.iter().all(|cell| numbers::number(cell).is_none())
}

fn named_columns(header: &[String]) -> Result<(Option<usize>, usize), Problem> {
    let column = |words: &[&str], not: Option<usize>| {
        words.iter().find_map(|word| (0..header.len()).find(|&index| header[index] == *word && Some(index) != not))
    };
    let number = column(&NUMBERS[..7], None);
    let name = column(&NAMES, number);
    // "class,name" and "label,name": the first holds the number.
    let number = number.or_else(|| column(&NUMBERS[7..], name).filter(|_| header.len() == 2));
    let other = || (header.len() == 2).then(|| number.map(|number| 1 - number)).flatten();
    match name.or_else(other) {
        Some(name) => Ok((number, name)),
        None => Err(Problem::new(format!(
            "no column of {} is called label or name; rename the one that holds the labels",
            header.join(", ")
        ))),
    }
}

/// Without a header: two columns, one of which holds the numbers 0 to n-1 or 1 to n.
fn unnamed_columns(rows: &mut [Row], width: usize, delimiter: u8) -> Result<(Option<usize>, usize), Problem> {
    let is_number = |rows: &[Row], column: usize| {
        rows.iter().all(|row| row.cells.get(column).is_some_and(|cell| numbers::number(cell).is_some()))
    };
    let same_width = rows.iter().all(|row| row.cells.len() == width);
    if width > 2 && !same_width && is_number(rows, 0) {
        // An unquoted label with a comma in it.
        for row in rows.iter_mut().filter(|row| row.cells.len() > 2) {
            let rest = row.cells.split_off(1).join(&format!("{} ", char::from(delimiter)));
            row.cells.push(rest);
        }
        return Ok((Some(0), 1));
    }
    if width > 2 || !same_width {
        return Err(Problem::new(format!(
            "it has {width} columns; name them in the first line, such as index and label, to tell which holds the labels"
        )));
    }
    match (is_number(rows, 0), is_number(rows, 1)) {
        (true, false) => Ok((Some(0), 1)),
        (false, true) => Ok((Some(1), 0)),
        (true, true) if rows.iter().all(|row| numbers::number(&row.cells[0]) == numbers::number(&row.cells[1])) => {
            Ok((Some(0), 1))
        }
        (true, true) => Err(Problem::new(
            "both columns hold numbers; name them in the first line: index,label or label,index".to_owned(),
        )),
        // WordNet ids, as in "n01440764,tench".
        (false, false) if rows.iter().all(|row| row.cells[0].starts_with('n') && row.cells[0].len() == 9) => {
            Ok((None, 1))
        }
        (false, false) => Err(Problem::new(
            "neither of its columns holds the numbers of the classes; name the columns in the first line, such as label"
                .to_owned(),
        )),
    }
}
