//! `current_time`: what models do not know.

use async_trait::async_trait;
use jiff::{Timestamp, tz::TimeZone};
use quarry_models::chat::ToolSpec;
use serde::Deserialize;
use serde_json::{Value, json};

use super::arguments;
use crate::agent::tool::{Tool, ToolContext, ToolFailure, ToolOutput};

/// The tool.
pub(super) struct CurrentTime {
    spec: ToolSpec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    timezone: Option<String>,
}

impl CurrentTime {
    pub(super) fn new() -> Self {
        Self {
            spec: ToolSpec {
                name: "current_time".to_owned(),
                description: "Says the present date, weekday and time.".to_owned(),
                parameters: json!({
                    "type": "object",
                    "properties": {
                        "timezone": {"type": "string", "maxLength": 64, "description": "A name such as Europe/Berlin; UTC when not said."}
                    },
                    "additionalProperties": false
                }),
            },
        }
    }
}

#[async_trait]
impl Tool for CurrentTime {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, context: &ToolContext<'_>, arguments: &Value) -> Result<ToolOutput, ToolFailure> {
        let arguments: Arguments = arguments::read(arguments)?;
        let now = context.engine.inner().clock.now().micros();
        said(now, arguments.timezone.as_deref().unwrap_or("UTC")).map(ToolOutput::text)
    }
}

fn said(micros: i64, zone: &str) -> Result<String, ToolFailure> {
    let unknown = |_| {
        let short: String = zone.chars().take(64).collect();
        ToolFailure(format!(
            "`{short}` is not a time zone; use a name such as Europe/Berlin, America/New_York or UTC"
        ))
    };
    let moment = Timestamp::from_microsecond(micros)
        .map_err(|_| ToolFailure("the server's clock is out of range".to_owned()))?;
    let zone = TimeZone::get(zone).map_err(unknown)?;
    let local = moment.to_zoned_datetime(zone);
    Ok(local.strftime("%A, %Y-%m-%d %H:%M:%S %:z (%Q), week %V, day %j of the year").to_string())
}

#[cfg(test)]
mod tests {
    use super::said;

    /// 2023-11-14, a Tuesday, 22:13:20 in UTC.
    const MOMENT: i64 = 1_700_000_000_000_000;

    #[test]
    fn a_moment_is_said_in_the_zone_asked_for() {
        let utc = said(MOMENT, "UTC").unwrap();
        assert!(utc.starts_with("Tuesday, 2023-11-14 22:13:20 +00:00 (UTC), week 46, day 318"), "{utc}");
        let tokyo = said(MOMENT, "Asia/Tokyo").unwrap();
        assert!(tokyo.starts_with("Wednesday, 2023-11-15 07:13:20 +09:00 (Asia/Tokyo)"), "{tokyo}");
    }

    #[test]
    fn an_unknown_zone_is_a_sentence() {
        assert!(said(MOMENT, "Mars/Olympus").unwrap_err().0.starts_with("`Mars/Olympus` is not a time zone"));
        assert!(said(i64::MAX, "UTC").is_err());
    }
}
