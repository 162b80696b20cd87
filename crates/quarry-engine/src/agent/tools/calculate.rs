//! `calculate`: arithmetic that a model would get wrong.
//!
//! `exmex` parses; the numbers ([`Amount`]) and the operators are ours. It binds a sign closer than a power and takes
//! powers from the left, where people do the opposite, so signs are rewritten before it reads them and chained powers
//! must be bracketed.

use async_trait::async_trait;
use exmex::{BinOp, Express, FlatEx, MakeOperators, MatchLiteral, Operator, literal_matcher_from_pattern};
use quarry_models::chat::ToolSpec;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{amount::Amount, arguments};
use crate::agent::tool::{Tool, ToolContext, ToolFailure, ToolOutput};

/// Longest expression in characters.
const MOST: usize = 500;
/// Deepest nesting of brackets: the parser calls itself for each.
const DEEPEST: usize = 32;

const FUNCTIONS: &str = "sqrt, abs, round(x) and round(x, places), floor, ceil, trunc, min(a, b), max(a, b), exp, ln, \
                         log10, log2, sin, cos, tan (radians), and the constants pi and e";

/// The tool.
pub(super) struct Calculate {
    spec: ToolSpec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    expression: String,
}

impl Calculate {
    pub(super) fn new() -> Self {
        let description = format!(
            "Calculates an arithmetic expression with exact decimals. Operators: + - * / % (remainder) ^ (power) and \
             brackets. Functions: {FUNCTIONS}."
        );
        Self {
            spec: ToolSpec {
                name: "calculate".to_owned(),
                description,
                parameters: json!({
                    "type": "object",
                    "properties": {
                        "expression": {"type": "string", "minLength": 1, "maxLength": MOST, "description": "For example: (1299.99 - 15) * 1.19"}
                    },
                    "required": ["expression"],
                    "additionalProperties": false
                }),
            },
        }
    }
}

#[async_trait]
impl Tool for Calculate {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, _: &ToolContext<'_>, arguments: &Value) -> Result<ToolOutput, ToolFailure> {
        let arguments: Arguments = arguments::read(arguments)?;
        let result = evaluate(&arguments.expression).map_err(ToolFailure)?;
        Ok(ToolOutput::text(format!("{} = {result}", arguments.expression.trim())))
    }
}

literal_matcher_from_pattern!(Literals, r"^([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?");

type Expression = FlatEx<Amount, Operators, Literals>;

/// The operators and functions there are.
#[derive(Clone, Debug)]
struct Operators;

impl MakeOperators<Amount> for Operators {
    fn make<'a>() -> Vec<Operator<'a, Amount>> {
        let binary = |apply, prio| BinOp { apply, prio, is_commutative: false };
        let call = |apply| BinOp { apply, prio: 9, is_commutative: false };
        let exact = |text: &str| text.parse().unwrap_or_default();
        vec![
            Operator::make_bin_unary("+", binary(Amount::add, 0), Amount::same),
            Operator::make_bin_unary("-", binary(Amount::subtract, 0), Amount::negate),
            Operator::make_bin("*", binary(Amount::multiply, 1)),
            Operator::make_bin("/", binary(Amount::divide, 1)),
            Operator::make_bin("%", binary(Amount::remainder, 1)),
            // A sign: between product and power. Its left side is the zero that `normalised` writes.
            Operator::make_bin("~", binary(Amount::subtract, 2)),
            Operator::make_bin("^", binary(Amount::power, 3)),
            Operator::make_bin("min", call(Amount::least)),
            Operator::make_bin("max", call(Amount::greatest)),
            Operator::make_bin_unary("round", call(Amount::rounded), Amount::round),
            Operator::make_unary("abs", Amount::absolute),
            Operator::make_unary("floor", Amount::floor),
            Operator::make_unary("ceil", Amount::ceiling),
            Operator::make_unary("trunc", Amount::truncate),
            Operator::make_unary("sqrt", Amount::root),
            Operator::make_unary("exp", Amount::exponential),
            Operator::make_unary("ln", Amount::logarithm),
            Operator::make_unary("log10", Amount::decimal_logarithm),
            Operator::make_unary("log2", Amount::binary_logarithm),
            Operator::make_unary("sin", Amount::sine),
            Operator::make_unary("cos", Amount::cosine),
            Operator::make_unary("tan", Amount::tangent),
            Operator::make_constant("pi", exact("3.1415926535897932384626433833")),
            Operator::make_constant("e", exact("2.7182818284590452353602874714")),
        ]
    }
}

/// The result as text, or a sentence.
fn evaluate(expression: &str) -> Result<String, String> {
    let text = normalised(expression)?;
    let parsed = Expression::parse(&text).map_err(|error| {
        format!("the expression cannot be read: {}; the functions are {FUNCTIONS}", error.msg())
    })?;
    if let Some(name) = parsed.var_names().first() {
        return Err(format!("`{name}` is not known; write numbers, and of functions only {FUNCTIONS}"));
    }
    match parsed.eval(&[]) {
        Ok(Amount::Wrong(why)) => Err(format!("there is no result: {why}")),
        Ok(amount) => Ok(amount.to_string()),
        Err(error) => Err(format!("the expression cannot be calculated: {}", error.msg())),
    }
}

/// Checks what the parser does not, and writes signs as an operator of their own.
fn normalised(expression: &str) -> Result<String, String> {
    if expression.chars().count() > MOST {
        return Err(format!("the expression is longer than {MOST} characters; calculate it in parts"));
    }
    let text =
        expression.replace("**", "^").replace(['×', '·'], "*").replace('÷', "/").replace(['−', '–'], "-");
    let mut signs = Signs::default();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            _ if character.is_whitespace() => signs.out.push(' '),
            'e' | 'E'
                if signs.in_number
                    && characters.peek().is_some_and(|next| matches!(next, '0'..='9' | '+' | '-')) =>
            {
                // The exponent of a literal, whose sign is no operator.
                signs.out.push(character);
                signs.out.extend(characters.next());
            }
            '0'..='9' | '.' | 'a'..='z' | 'A'..='Z' | '_' => signs.operand(character),
            '(' => signs.open()?,
            ')' => signs.close()?,
            '+' | '-' | '*' | '/' | '%' | '^' | ',' => {
                let next = characters.clone().find(|next| !next.is_whitespace());
                signs.operator(character, next)?;
            }
            other => {
                return Err(format!("`{other}` has no place in an expression; write decimals with a point"));
            }
        }
    }
    if signs.before.is_empty() { Ok(signs.out) } else { Err("a bracket is not closed".to_owned()) }
}

/// The text as it is rewritten.
#[derive(Default)]
struct Signs {
    out: String,
    /// The last character that is no space; a digit or letter stands for an operand.
    last: Option<char>,
    /// Whether the last one belongs to a number.
    in_number: bool,
    /// Whether a power was taken since the last operator that binds less, here and in each bracket around.
    powered: bool,
    before: Vec<bool>,
}

impl Signs {
    fn operand(&mut self, character: char) {
        let continues =
            self.out.ends_with(|last: char| last.is_ascii_alphanumeric() || matches!(last, '.' | '_'));
        self.in_number =
            if continues { self.in_number } else { character.is_ascii_digit() || character == '.' };
        self.put(character);
    }

    fn put(&mut self, character: char) {
        self.out.push(character);
        self.last = Some(character);
    }

    fn open(&mut self) -> Result<(), String> {
        if self.before.len() >= DEEPEST {
            return Err(format!(
                "brackets are nested deeper than {DEEPEST}; calculate the expression in parts"
            ));
        }
        self.before.push(std::mem::take(&mut self.powered));
        self.in_number = false;
        self.put('(');
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        self.powered = self.before.pop().ok_or("a bracket is closed that was not opened")?;
        self.in_number = false;
        self.put(')');
        Ok(())
    }

    fn operator(&mut self, character: char, next: Option<char>) -> Result<(), String> {
        self.in_number = false;
        let starts =
            self.last.is_none_or(|last| matches!(last, '(' | ',' | '+' | '-' | '*' | '/' | '%' | '^' | '~'));
        match character {
            '+' if starts => return Ok(()),
            '-' if starts && self.last == Some('~') => {
                // Two signs are none.
                self.out.truncate(self.out.trim_end().len() - 2);
                self.last = self.out.trim_end().chars().last();
                return Ok(());
            }
            '-' if starts && self.last != Some('^') => {
                self.out.push_str("0~");
                self.last = Some('~');
                return Ok(());
            }
            '%' if next
                .is_none_or(|next| !next.is_ascii_alphanumeric() && !matches!(next, '(' | '.' | '-')) =>
            {
                return Err(
                    "`%` is the remainder of a division; write 15 percent as 0.15 or 15/100".to_owned()
                );
            }
            '^' if self.powered => {
                return Err("powers of powers need brackets: write 2^(3^2) or (2^3)^2".to_owned());
            }
            '^' => self.powered = true,
            // The sign of an exponent leaves the power as it is.
            '-' if self.last == Some('^') => {}
            _ => self.powered = false,
        }
        self.put(character);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, evaluate};

    #[test]
    fn results_are_what_people_expect() {
        let cases = [
            ("0.1 + 0.2", "0.3"),
            ("(1299.99 - 15) * 1.19", "1529.1381"),
            ("2 + 3 * 4", "14"),
            ("10 - 4 - 3", "3"),
            ("10 - 4 + 3", "9"),
            ("8 / 2 * 3", "12"),
            ("sqrt(0.0001)", "0.01"),
            ("100 / 8 / 2", "6.25"),
            ("7 / 2", "3.5"),
            ("7 % 3", "1"),
            ("7 % -3", "1"),
            ("2^10", "1024"),
            ("2**10", "1024"),
            ("-2^2", "-4"),
            ("2^-2", "0.25"),
            ("10 / -2^2", "-2.5"),
            ("5 - -3", "8"),
            ("5 --- 3", "2"),
            ("--3", "3"),
            ("-(1 + 2) * -3", "9"),
            ("+5", "5"),
            ("3 * -(2)", "-6"),
            ("1e3 + 1.5E-2", "1000.015"),
            (".5 + 1.", "1.5"),
            ("sqrt(16) + abs(-3)", "7"),
            ("-sqrt(4)", "-2"),
            ("round(2.5)", "3"),
            ("round(-2.345, 2)", "-2.35"),
            ("round(1/3, 4) * 3", "0.9999"),
            ("min(3, -2) + max(1, 2 * 3)", "4"),
            ("floor(-1.5) + ceil(1.2) + trunc(1.9)", "1"),
            ("log10(1) + ln(1) + exp(0)", "1"),
            ("2 × 3 ÷ 4 − 1", "0.5"),
            ("round(pi, 4)", "3.1416"),
            ("123456789.01 * 100", "12345678901"),
        ];
        for (expression, expected) in cases {
            assert_eq!(evaluate(expression).as_deref(), Ok(expected), "{expression}");
        }
    }

    #[test]
    fn what_is_not_exact_says_so() {
        assert_eq!(evaluate("sqrt(2)").unwrap(), "about 1.4142135623730951");
        assert_eq!(evaluate("2^200").unwrap(), "about 1.6069380442589903e60");
        assert!(evaluate("0.00000000000001 * 0.00000000000000000001").unwrap().starts_with("about 1"));
    }

    #[test]
    fn what_cannot_be_calculated_is_a_sentence() {
        let cases = [
            ("1 / 0", "division by zero"),
            ("0 ^ -1", "division by zero"),
            ("5 % (2 - 2)", "division by zero"),
            ("sqrt(-1)", "no square root"),
            ("ln(0)", "logarithm"),
            ("10^400", "too large"),
            ("2^3^2", "need brackets"),
            ("240 * 15%", "15 percent"),
            ("(1 + 2", "not closed"),
            ("1 + 2)", "not opened"),
            ("1 +", "cannot be read"),
            ("", "cannot be read"),
            ("1 2", "cannot be read"),
            ("revenue * 2", "`revenue` is not known"),
            ("import os", "os"),
            ("1; 2", "`;`"),
            ("{x}", "`{`"),
            ("round(2.5, -1)", "whole number"),
        ];
        for (expression, expected) in cases {
            let problem = evaluate(expression).unwrap_err();
            assert!(problem.contains(expected), "{expression}: {problem}");
        }
        assert!(evaluate(&"1+".repeat(MOST)).unwrap_err().contains("longer"));
        let deep = format!("{}1{}", "(".repeat(100), ")".repeat(100));
        assert!(evaluate(&deep).unwrap_err().contains("deeper"));
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "[0-9a-z+*/%^(),. e~-]{0,40}") {
            drop(evaluate(&text));
        }
    }
}
