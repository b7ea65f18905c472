//! Reads a whole map file: the header lines, then blocks nested by indentation; every error of the
//! file at once. Single lines are read by the other files of this folder.

use isthmus_core::diagnostic::{Code, Diagnostic};
use isthmus_core::source_file::SourceFile;
use isthmus_core::span::Span;

use crate::ast::{Block, BlockKind, Case, Choose, Item, MapFile};
use crate::codes;
use crate::lexer::{self, Line};
use crate::parser::cursor::Cursor;
use crate::parser::header;
use crate::parser::row;
use crate::parser::segment_definition;
use crate::parser::statement::{self, Otherwise, Statement};

/// Levels of nesting, at most.
const MAX_DEPTH: usize = 12;

/// Lines that say something, at most.
const MAX_LINES: usize = 20_000;

/// Reads a file; the tree holds what could be read beside the errors.
pub fn parse(file: &SourceFile) -> (MapFile, Vec<Diagnostic>) {
    let mut map = MapFile::default();
    if file.text().len() > lexer::MAX_FILE_BYTES {
        let message = format!("more than {} bytes in one map file", lexer::MAX_FILE_BYTES);
        return (
            map,
            vec![Diagnostic::error(
                file,
                Span::default(),
                codes::LIMIT,
                message,
            )],
        );
    }
    let (lines, diagnostics) = lexer::lines(file);
    let mut reader = Reader {
        file,
        lines: Vec::new(),
        at: 0,
        defines: false,
        diagnostics,
    };
    if lines.len() > MAX_LINES {
        let message = format!("more than {MAX_LINES} lines in one map file");
        reader.fault(Span::default(), codes::LIMIT, &message);
        return (map, reader.diagnostics);
    }
    for line in &lines {
        reader.line(line, &mut map);
    }
    if map.title.is_none() {
        reader.fault(
            Span::default(),
            codes::HEADER,
            "the first line is `map NAME VERSION`",
        );
    }
    map.blocks = reader.blocks();
    reader
        .diagnostics
        .sort_by_key(|one| (one.line, one.column, one.code));
    (map, reader.diagnostics)
}

struct Reader<'a> {
    file: &'a SourceFile,
    /// Statements below the header with their level; none for a line that could not be read.
    lines: Vec<(usize, Option<Statement>, Span)>,
    at: usize,
    /// Whether the lines of a segment's fields may follow.
    defines: bool,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn fault(&mut self, span: Span, code: Code, message: &str) {
        self.diagnostics
            .push(Diagnostic::error(self.file, span, code, message));
    }

    fn line(&mut self, line: &Line, map: &mut MapFile) {
        if line.tokens.is_empty() {
            self.lines.push((line.indent / 2, None, line.span));
            return;
        }
        let mut cursor = Cursor::new(self.file, line);
        let word = cursor.peek_word().unwrap_or_default();
        let is_header = header::WORDS.contains(&word) && !row::starts_row(&cursor);
        let is_definition = word == segment_definition::WORD && !row::starts_row(&cursor);
        if line.indent == 0 && (is_header || is_definition) {
            self.defines = is_definition;
            if self.lines.iter().any(|line| line.1.is_some()) {
                let message = "header lines and definitions stand above the first block";
                self.fault(line.span, codes::HEADER, message);
            } else if is_definition {
                self.definition(&mut cursor, map);
            } else if let Err(fault) = header::header(&mut cursor, word, map) {
                self.diagnostics.push(*fault);
            }
            return;
        }
        self.defines &= line.indent > 0;
        if self.defines {
            self.field(&mut cursor, line, map);
            return;
        }
        if !line.indent.is_multiple_of(2) {
            self.fault(
                line.span,
                codes::INDENTATION,
                "two spaces are one level of indentation",
            );
        }
        let statement = match statement::statement(&mut cursor) {
            Ok(statement) => Some(statement),
            Err(fault) => {
                self.diagnostics.push(*fault);
                None
            }
        };
        self.lines.push((line.indent / 2, statement, line.span));
    }

    fn definition(&mut self, cursor: &mut Cursor<'_>, map: &mut MapFile) {
        match segment_definition::definition(cursor) {
            Ok(definition) => map.segments.push(definition),
            Err(fault) => self.diagnostics.push(*fault),
        }
    }

    /// A field of the segment that was defined last; where its definition could not be read the map
    /// does not load anyway.
    fn field(&mut self, cursor: &mut Cursor<'_>, line: &Line, map: &mut MapFile) {
        if line.indent != 2 {
            let message = "the fields of a segment stand two spaces below its `define`";
            self.fault(line.span, codes::INDENTATION, message);
        }
        match segment_definition::field(cursor) {
            Ok(field) => {
                if let Some(definition) = map.segments.last_mut() {
                    definition.fields.push(field);
                }
            }
            Err(fault) => self.diagnostics.push(*fault),
        }
    }

    fn blocks(&mut self) -> Vec<Block> {
        let mut blocks = Vec::new();
        for item in self.items(0) {
            match item {
                Item::Block(block) => blocks.push(block),
                Item::Row(row) => self.outside(row.span),
                Item::Choose(choose) => self.outside(choose.span),
                Item::Notice(notice) => blocks.push(top_notice(notice)),
            }
        }
        blocks
    }

    fn outside(&mut self, span: Span) {
        self.fault(
            span,
            codes::MISPLACED,
            "this line stands in a block: indent it below one",
        );
    }

    /// The items of one level; deeper lines belong to the item above them.
    fn items(&mut self, level: usize) -> Vec<Item> {
        let mut items = Vec::new();
        while let Some((statement, span)) = self.next(level) {
            match statement {
                Some(Statement::Block(block)) => items.push(Item::Block(self.block(block, level))),
                Some(Statement::Row(row)) => items.push(Item::Row(row)),
                Some(Statement::Notice(notice)) => items.push(Item::Notice(notice)),
                Some(Statement::Choose(choose)) => {
                    items.push(Item::Choose(self.choose(choose, level)));
                }
                Some(Statement::Case(..) | Statement::Else(..)) => {
                    self.fault(
                        span,
                        codes::MISPLACED,
                        "`case` and `else` stand below `choose`",
                    );
                    self.items_below(level);
                }
                None => {
                    self.items_below(level);
                }
            }
        }
        items
    }

    fn items_below(&mut self, level: usize) -> Vec<Item> {
        if level >= MAX_DEPTH {
            let span = self
                .lines
                .get(self.at)
                .map_or(Span::default(), |line| line.2);
            if self.lines.get(self.at).is_some_and(|line| line.0 > level) {
                self.fault(
                    span,
                    codes::LIMIT,
                    &format!("more than {MAX_DEPTH} levels of blocks"),
                );
            }
            while self.lines.get(self.at).is_some_and(|line| line.0 > level) {
                self.at += 1;
            }
            return Vec::new();
        }
        self.items(level + 1)
    }

    /// The next line when it is of this level; a deeper one that belongs to nothing is reported.
    fn next(&mut self, level: usize) -> Option<(Option<Statement>, Span)> {
        loop {
            let (depth, statement, span) = self.lines.get_mut(self.at)?;
            if *depth < level {
                return None;
            }
            let (depth, statement, span) = (*depth, statement.take(), *span);
            self.at += 1;
            if depth == level {
                return Some((statement, span));
            }
            let message = "this line is indented deeper than the line it belongs to allows";
            self.fault(span, codes::INDENTATION, message);
        }
    }

    fn block(&mut self, mut block: Block, level: usize) -> Block {
        let before = self.at;
        block.items = self.items_below(level);
        if block.items.is_empty() && self.at == before {
            self.fault(block.span, codes::EXPECTED, "expected rows below this line");
        }
        block
    }

    fn choose(&mut self, mut choose: Choose, level: usize) -> Choose {
        let mut has_else = false;
        while let Some((statement, span)) = self.next(level + 1) {
            match statement {
                Some(Statement::Case(values, _)) if !has_else => {
                    let items = self.items_below(level + 1);
                    choose.cases.push(Case { values, items });
                }
                Some(Statement::Else(kind, _)) if !has_else => {
                    has_else = true;
                    choose.otherwise = self.otherwise(&kind, level + 1, span);
                }
                Some(_) => {
                    let message = "expected `case`, or one `else` at the end";
                    self.fault(span, codes::MISPLACED, message);
                    self.items_below(level + 1);
                }
                None => {
                    self.items_below(level + 1);
                }
            }
        }
        if !has_else {
            let message = "`choose` needs an `else`: rows, `else reject \"why\"` or `else skip`";
            self.fault(choose.span, codes::ELSE, message);
        }
        choose
    }

    fn otherwise(&mut self, kind: &Otherwise, level: usize, span: Span) -> Vec<Item> {
        let mut items = match kind {
            Otherwise::Items | Otherwise::Skip => Vec::new(),
            Otherwise::Notice(notice) => vec![Item::Notice(notice.clone())],
        };
        let before = self.at;
        let below = self.items_below(level);
        if self.at == before && matches!(kind, Otherwise::Items) {
            let message = "expected `skip`, `reject \"why\"` or rows below this line";
            self.fault(span, codes::EXPECTED, message);
        }
        items.extend(below);
        items
    }
}

/// A `warn` or `reject` of the whole message is a nameless group over everything.
fn top_notice(notice: crate::ast::Notice) -> Block {
    let name = crate::span::Spanned {
        value: String::new(),
        span: notice.span,
    };
    Block {
        kind: BlockKind::Each(name),
        alias: None,
        per: None,
        when: None,
        span: notice.span,
        items: vec![Item::Notice(notice)],
    }
}
