//! Which side carries out a command: the server that is named, the server that has the folder, or this process.

use super::{Backend, Local, Remote};
use crate::{
    config::Config,
    context::Context,
    data::{AdminKey, Held, Lock},
    failure::{Exit, Failure, Outcome},
};

/// What a command expects of the data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// It is there already.
    Existing,
    /// It may be made.
    Create,
}

impl Context {
    /// The side to use. `command` is what others are told while it runs.
    pub(crate) async fn backend(&self, command: &str, need: Need) -> Outcome<Backend> {
        if let Some(url) = &self.server {
            return Ok(Backend::Remote(Remote::new(url, &self.key_for(url)?)?));
        }
        match need {
            Need::Existing => self.folder.require()?,
            Need::Create => self.folder.create()?,
        }
        match Lock::take(&self.folder, command)? {
            Ok(lock) => Ok(Backend::Local(Box::new(self.open(self.config()?, lock).await?))),
            Err(Held::Server(note)) => {
                let place = self.folder.path().display();
                self.out.detail(&format!("a server has `{place}`; going through {}", note.url));
                Ok(Backend::Remote(Remote::new(&note.url, &self.key_for(&note.url)?)?))
            }
            Err(held) => Err(held.refuse(&self.folder)),
        }
    }

    /// This process, or nothing: for what a server does not do.
    pub(crate) async fn local(&self, command: &str, config: &Config) -> Outcome<Local> {
        self.folder.create()?;
        match Lock::take(&self.folder, command)? {
            Ok(lock) => self.open(config, lock).await,
            Err(held) => Err(held.refuse(&self.folder)),
        }
    }

    async fn open(&self, config: &Config, lock: Lock) -> Outcome<Local> {
        Local::open(config, &self.folder, lock, None).await
    }

    /// An engine on a folder that goes away with it, and that folder.
    pub(crate) async fn temporary(config: &Config, command: &str) -> Outcome<Local> {
        let place = tempfile::Builder::new()
            .prefix("quarry-")
            .tempdir()
            .map_err(|error| Failure::file("used for a temporary folder", &std::env::temp_dir(), &error))?;
        let folder = crate::data::DataFolder::new(place.path());
        match Lock::take(&folder, command)? {
            Ok(lock) => Local::open(config, &folder, lock, Some(place)).await,
            Err(held) => Err(held.refuse(&folder)),
        }
    }

    fn key_for(&self, url: &str) -> Outcome<String> {
        if let Some(key) = &self.key {
            return Ok(key.expose().to_owned());
        }
        let kept = AdminKey::find(&self.folder)?;
        kept.map(|key| key.expose().to_owned()).ok_or_else(|| {
            let text = format!("no key is known for the server at {url}");
            Failure::new(Exit::Refused, "unauthenticated", text)
        })
    }
}
