//! Watches: what happened after a version, as it happens.

use super::{
    encoding::{Form, Head},
    read::Page,
    request::{Asked, Query},
    status::Status,
};
use crate::demo::{
    Shared,
    world::{
        World,
        kubernetes::{Change, Changed, Resource},
    },
};
use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch::Receiver,
    time::{Instant, sleep_until},
};

/// Between two bookmarks, and before the watch's end.
///
/// Source: Kubernetes `storage/cacher/cache_watcher.go` (`nextBookmarkTime`).
const BOOKMARK: Duration = Duration::from_secs(60);
const BEFORE_THE_END: Duration = Duration::from_secs(2);
/// Where the client does not say; the API server takes a random time between half an hour and an hour.
const SPAN: Duration = Duration::from_secs(30 * 60);
/// Events in one piece of the answer.
const AT_ONCE: usize = 500;

pub struct Watch {
    shared: Shared,
    changes: Receiver<u64>,
    form: Form,
    resource: &'static Resource,
    namespace: Option<String>,
    page: Page,
    /// Up to where everything was told.
    version: u64,
    state: State,
    bookmarks: bool,
    bookmark: Option<Instant>,
    end: Instant,
    first: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The objects that there are come first; with a bookmark after them, where that was asked for.
    Listing {
        streaming: bool,
    },
    Following,
    Over,
}

impl Watch {
    /// # Errors
    /// 400 for what cannot be read.
    pub fn new(
        shared: &Shared,
        resource: &'static Resource,
        asked: &Asked,
        query: &Query,
        form: Form,
    ) -> Result<Self, Status> {
        let streaming = query.flag("sendInitialEvents");
        let bookmarks = query.flag("allowWatchBookmarks");
        if streaming && !bookmarks {
            return Err(Status::bad_request(
                "sendInitialEvents requires setting allowWatchBookmarks to true",
            ));
        }
        let version = query.number("resourceVersion")?.unwrap_or(0);
        let span = query.number("timeoutSeconds")?.filter(|s| *s > 0).map_or(SPAN, Duration::from_secs);
        let now = Instant::now();
        let mut watch = Watch {
            changes: shared.changes(),
            shared: shared.clone(),
            form,
            resource,
            namespace: asked.scope().map(str::to_owned),
            page: Page::of(query)?.named(&asked.name),
            version,
            state: if streaming || version == 0 { State::Listing { streaming } } else { State::Following },
            bookmarks,
            bookmark: None,
            end: now + span,
            first: true,
        };
        watch.set_bookmark(now);
        Ok(watch)
    }

    fn set_bookmark(&mut self, now: Instant) {
        let last = self.end.checked_sub(BEFORE_THE_END).filter(|at| *at > now);
        self.bookmark = last.filter(|_| self.bookmarks).map(|last| last.min(now + BOOKMARK));
    }

    /// The next events; None: it is over.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.state == State::Over {
                return None;
            }
            self.changes.mark_unchanged();
            if let Some(frames) = self.take() {
                return Some(frames);
            }
            let due = self.bookmark.unwrap_or(self.end).min(self.end);
            tokio::select! {
                changed = self.changes.changed() => changed.ok()?,
                () = sleep_until(due) => {
                    if due >= self.end {
                        return None;
                    }
                    self.set_bookmark(Instant::now());
                    return Some(self.mark());
                }
            }
        }
    }

    /// What there is to tell at once.
    fn take(&mut self) -> Option<Bytes> {
        let shared = self.shared.clone();
        let told = match self.state {
            State::Listing { streaming } => shared.with(|world| self.list(world, streaming)),
            _ => shared.with(|world| self.follow(world)),
        };
        let mut frames = BytesMut::new();
        for (kind, object) in told {
            self.form.event(kind, &object, self.first, &mut frames);
            self.first = false;
        }
        (!frames.is_empty()).then(|| frames.freeze())
    }

    fn list(&mut self, world: &World, streaming: bool) -> Told {
        self.state = State::Following;
        match self.page.list(world, self.resource, self.namespace.as_deref()) {
            Err(status) => self.fail(&status),
            Ok((Head { version, .. }, objects)) => {
                self.version = version;
                let added = objects.into_iter().map(|object| ("ADDED", object));
                let end = streaming.then(|| ("BOOKMARK", Arc::new(self.bookmark_at(version, true))));
                added.chain(end).collect()
            }
        }
    }

    fn follow(&mut self, world: &World) -> Told {
        let Some(changes) = world.kubernetes.since(self.version) else {
            let told = format!("too old resource version: {} ({})", self.version, world.kubernetes.version());
            return self.fail(&Status::expired(told));
        };
        let mut told = Vec::new();
        for change in changes {
            if told.len() == AT_ONCE {
                return told;
            }
            self.version = change.version;
            told.extend(self.seen(change));
        }
        told
    }

    /// The change as this watch sees it: what is no longer selected is gone for it.
    fn seen(&self, change: &Change) -> Option<(&'static str, Arc<Value>)> {
        let here = self.namespace.as_deref().is_none_or(|n| *change.key.namespace == *n);
        if change.resource != self.resource || !here {
            return None;
        }
        let selects = |object: &Value| self.page.selector.selects(object);
        let before = change.before.as_deref().is_some_and(selects);
        let after = change.what != Changed::Deleted && selects(&change.object);
        let kind = match (before, after) {
            (false, false) => return None,
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
        };
        Some((kind, change.object.clone()))
    }

    fn fail(&mut self, status: &Status) -> Told {
        self.state = State::Over;
        vec![("ERROR", Arc::new(status.json()))]
    }

    /// Says up to where everything was told.
    fn mark(&mut self) -> Bytes {
        let mut frames = BytesMut::new();
        let bookmark = self.bookmark_at(self.version, false);
        self.form.event("BOOKMARK", &bookmark, self.first, &mut frames);
        self.first = false;
        frames.freeze()
    }

    fn bookmark_at(&self, version: u64, end_of_list: bool) -> Value {
        let mut metadata = json!({"resourceVersion": version.to_string(), "creationTimestamp": null});
        if end_of_list {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        json!({"kind": self.resource.kind, "apiVersion": self.resource.api_version(), "metadata": metadata})
    }
}

type Told = Vec<(&'static str, Arc<Value>)>;
