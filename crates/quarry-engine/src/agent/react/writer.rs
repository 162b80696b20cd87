//! The form as text: turns as a well-behaved model writes them, and what goes back to a model.

/// Ends a reply: behind it the model would invent what a tool says.
pub const STOP: &str = "\nObservation:";

/// A turn that acts.
#[must_use]
pub fn action(thought: &str, tool: &str, arguments: &str) -> String {
    let thought = if thought.is_empty() { String::new() } else { format!("Thought: {thought}\n") };
    format!("{thought}Action: {tool}\nAction Input: {arguments}")
}

/// A turn that answers.
#[must_use]
pub fn answer(thought: &str, text: &str) -> String {
    let thought = if thought.is_empty() { String::new() } else { format!("Thought: {thought}\n") };
    format!("{thought}Final Answer: {text}")
}

/// What a tool said.
#[must_use]
pub fn observation(text: &str) -> String {
    format!("Observation: {text}")
}

/// What was wrong with a reply.
#[must_use]
pub fn repair(problem: &str) -> String {
    format!(
        "Your reply could not be read: {problem}. Reply again, either with\nThought: ...\nAction: <a tool's name>\n\
         Action Input: <JSON>\nor with\nThought: ...\nFinal Answer: <your answer>"
    )
}
