//! What a tool of another server returned, as text for a model.

use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};

use crate::agent::tool::{MOST_CHARACTERS, ToolFailure, ToolOutput};

/// Characters of a failure that a model is told.
const MOST_OF_A_FAILURE: usize = 2_000;

/// A result, or the failure that the tool reported.
pub(super) fn result(result: CallToolResult) -> Result<ToolOutput, ToolFailure> {
    let mut parts: Vec<String> = result.content.iter().map(block).filter(|part| !part.is_empty()).collect();
    if parts.is_empty()
        && let Some(value) = &result.structured_content
    {
        parts.push(value.to_string());
    }
    let text = parts.join("\n\n");
    if result.is_error == Some(true) {
        let said = if text.is_empty() { "the tool failed and did not say why".to_owned() } else { text };
        return Err(ToolFailure(cut(&said, MOST_OF_A_FAILURE)));
    }
    if text.is_empty() {
        return Ok(ToolOutput::text("The tool did it and returned nothing."));
    }
    Ok(ToolOutput::text(cut(&text, MOST_CHARACTERS)))
}

fn block(block: &ContentBlock) -> String {
    match block {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::Image(image) => format!("(an image, {}, is not shown)", image.mime_type),
        ContentBlock::Audio(audio) => format!("(a recording, {}, is not shown)", audio.mime_type),
        ContentBlock::Resource(resource) => match &resource.resource {
            ResourceContents::TextResourceContents { text, .. } => text.clone(),
            ResourceContents::BlobResourceContents { uri, .. } => {
                format!("(the bytes of {uri} are not shown)")
            }
            _ => "(something that cannot be shown)".to_owned(),
        },
        ContentBlock::ResourceLink(link) => format!("({}: {})", link.name, link.uri),
        _ => "(something that cannot be shown)".to_owned(),
    }
}

/// A text within a number of characters, with a note where it was cut.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.len() <= most || text.chars().count() <= most {
        return text.to_owned();
    }
    const NOTE: &str = "\n\n(cut: the rest is too long)";
    let kept: String = text.chars().take(most - NOTE.len()).collect();
    format!("{kept}{NOTE}")
}

#[cfg(test)]
mod tests {
    use rmcp::model::{CallToolResult, ContentBlock};
    use serde_json::json;

    use super::result;
    use crate::agent::tool::MOST_CHARACTERS;

    #[test]
    fn every_kind_of_result_becomes_text() {
        let text =
            |value: CallToolResult| result(value).map(|output| output.text).map_err(|failure| failure.0);
        let block = |text: &str| ContentBlock::text(text);
        assert_eq!(text(CallToolResult::success(vec![block("a"), block("b")])).unwrap(), "a\n\nb");
        assert_eq!(
            text(CallToolResult::success(Vec::new())).unwrap(),
            "The tool did it and returned nothing."
        );
        assert_eq!(text(CallToolResult::error(vec![block("no such file")])).unwrap_err(), "no such file");
        let mut structured = CallToolResult::success(Vec::new());
        structured.structured_content = Some(json!({"sum": 3}));
        assert_eq!(text(structured).unwrap(), r#"{"sum":3}"#);
        let image = ContentBlock::image("AAAA", "image/png");
        assert_eq!(
            text(CallToolResult::success(vec![image])).unwrap(),
            "(an image, image/png, is not shown)"
        );
        let long = text(CallToolResult::success(vec![block(&"ä".repeat(MOST_CHARACTERS * 2))])).unwrap();
        assert_eq!(long.chars().count(), MOST_CHARACTERS);
        assert!(long.ends_with("(cut: the rest is too long)"));
        let long = text(CallToolResult::error(vec![block(&"x".repeat(10_000))])).unwrap_err();
        assert_eq!(long.chars().count(), 2_000);
    }
}
