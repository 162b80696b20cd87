//! The child's side: give everything up, then answer one document after another until the pipe closes.

use std::io;

use quarry_parse::Source;

use super::{
    confine,
    protocol::{self, Answer, Head, MOST_HEAD},
};

/// Reads documents from standard input and writes what the parser says of each to standard output. Ends when its keeper
/// closes the pipe, which also happens when its keeper dies.
///
/// # Errors
/// The pipes fail, or the process could not be confined: then it has read nothing.
pub fn serve(memory_megabytes: u64) -> io::Result<()> {
    confine::end_with_keeper();
    confine::enter(memory_megabytes)?;
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    while let Some(head) = protocol::read(&mut input, MOST_HEAD)? {
        let head: Head = postcard::from_bytes(&head).map_err(io::Error::other)?;
        let most = head.limits.input_bytes;
        let bytes = protocol::read(&mut input, most)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        confine::allow_cpu(head.cpu_seconds);
        let source = Source {
            bytes: &bytes,
            name: &head.name,
            media_type: head.media_type.as_deref(),
            password: head.password.as_deref(),
        };
        let answer: Answer = quarry_parse::parse(&source, &head.limits);
        protocol::write(&mut output, &answer)?;
    }
    Ok(())
}
