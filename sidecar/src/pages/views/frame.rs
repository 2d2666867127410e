//! What every page has around it, and who looks at it.

use crate::pages::brand::Brand;
use crate::pages::words::{Languages, Words};
use crate::pages::{Pages, Site, Visitor};
use std::sync::Arc;

/// What every page has around it.
pub(in crate::pages) struct Frame {
    pub(in crate::pages) site: Arc<Site>,
    /// How the installation is called and looks.
    pub(in crate::pages) brand: Brand,
    /// The language that the page is in.
    pub(in crate::pages) words: Arc<Words>,
    /// What stands before an asset's name.
    pub(in crate::pages) assets: String,
    /// The key of its title.
    pub(in crate::pages) title: &'static str,
    /// The languages to choose from, where the address takes a choice.
    choice: Option<Languages>,
}

impl Frame {
    pub(in crate::pages) fn new(pages: &Pages, words: Arc<Words>, title: &'static str) -> Self {
        Self {
            site: Arc::clone(&pages.site),
            assets: pages.assets.base(&words),
            brand: Brand::of(&pages.site, &words),
            words,
            title,
            choice: Some(pages.languages.clone()),
        }
    }

    /// For a page that any address can answer with, also one that takes no choice of a language.
    pub(in crate::pages) fn anywhere(
        pages: &Pages,
        words: Arc<Words>,
        title: &'static str,
    ) -> Self {
        Self {
            choice: None,
            ..Self::new(pages, words, title)
        }
    }

    /// The languages to choose from; none where there is no choice.
    pub(in crate::pages) fn languages(&self) -> Vec<&Words> {
        let offered = self.choice.iter().flat_map(Languages::all);
        let offered: Vec<_> = offered.map(|words| &**words).collect();
        if offered.len() > 1 {
            offered
        } else {
            Vec::new()
        }
    }

    /// The text of a key.
    pub(in crate::pages) fn say<'a>(&'a self, key: &'a str) -> &'a str {
        self.words.say(key)
    }

    /// What stands between two sentences.
    pub(in crate::pages) fn gap(&self) -> &str {
        self.words.say("language.gap")
    }

    /// What stands before and after the placeholder in the text of a key.
    pub(in crate::pages) fn around<'a>(&'a self, key: &'a str) -> (&'a str, &'a str) {
        self.words.around(key)
    }
}

/// The visitor, as pages show them.
pub(in crate::pages) struct Who {
    /// For scripts: `stranger`, `returning` or `known`.
    pub(in crate::pages) kind: &'static str,
    pub(in crate::pages) user_name: String,
    pub(in crate::pages) display_name: String,
}

impl Who {
    pub(in crate::pages) fn of(visitor: &Visitor) -> Self {
        let nobody = |kind| Self {
            kind,
            user_name: String::new(),
            display_name: String::new(),
        };
        match visitor {
            Visitor::Stranger => nobody("stranger"),
            Visitor::Returning => nobody("returning"),
            Visitor::Known(user) => Self {
                kind: "known",
                user_name: user.name.as_str().to_owned(),
                display_name: if user.display_name.trim().is_empty() {
                    user.name.as_str().to_owned()
                } else {
                    user.display_name.clone()
                },
            },
        }
    }
}
