//! The API: shapes and names. No SQL and no rules.

mod admin;
mod comment;
mod credentials;
pub mod cursor;
mod feed;
mod feed_listeners;
mod follow;
mod id;
mod json;
mod likeable;
mod mark_read;
mod node;
mod notification;
mod page;
mod payload;
mod photo;
mod present;
mod profile;
mod rate;
mod roots;
mod scalar;
mod selection;
mod session;
mod tweet;
mod tweet_changed;
mod upload;
mod user;
mod viewer;
mod wants;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::parser::types::OperationType;
use async_graphql::{Context, ContextBase, MergedObject, MergedSubscription, SchemaBuilder, ValidationMode};
use tokio::sync::OwnedSemaphorePermit;

use crate::app::App;
use crate::auth::{Client, Viewer};
use crate::error::{Error, Result};
use crate::limit::rate::Action;
use crate::loader::Loaders;

pub use feed_listeners::FeedListeners;
pub use rate::Standings;
pub use roots::roots;

/// What can be read.
#[derive(MergedObject, Default)]
pub struct Query(viewer::ViewerQuery, node::NodeQuery, user::UserQuery, admin::AdminQuery);

/// What can be changed.
#[derive(MergedObject, Default)]
pub struct Mutation(
    session::SessionMutation,
    credentials::CredentialsMutation,
    profile::ProfileMutation,
    tweet::TweetMutation,
    comment::CommentMutation,
    likeable::LikeMutation,
    follow::FollowMutation,
    mark_read::NotificationMutation,
    admin::UserMutation,
    admin::GateMutation,
    admin::QueueMutation,
);

/// What can be listened to.
#[derive(MergedSubscription, Default)]
pub struct Subscription(
    notification::NotificationSubscription,
    feed::FeedSubscription,
    tweet_changed::TweetSubscription,
);

pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    // What a document may ask for is limited ahead of the engine (limit/); this is only what the engine recurses to.
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .register_output_type::<likeable::LikeableIsNode>()
        .limit_recursive_depth(100)
}

/// The schema that answers requests.
#[derive(Clone)]
pub struct Schemas {
    /// Holds a document against every rule first.
    pub strict: Schema,
    /// For documents that have passed, with variables that are known to be right: it leaves out what says the same every time.
    pub proven: Schema,
}

impl Schemas {
    pub fn new(app: &App) -> Self {
        let listeners = FeedListeners::start(app);
        let with = |mode| {
            let mut builder = builder().validation_mode(mode);
            if !app.config.introspection {
                // Suggestions would tell the names one by one.
                builder = builder.disable_introspection().disable_suggestions();
            }
            builder.data(app.clone()).data(listeners.clone()).finish()
        };
        Self { strict: with(ValidationMode::Strict), proven: with(ValidationMode::Fast) }
    }
}

/// The public contract, as it stands in schema.graphql.
pub fn sdl() -> String {
    let options = async_graphql::SDLExportOptions::new().use_space_ident().indent_width(2).include_specified_by();
    format!("{}\n", builder().finish().sdl_with_options(options).trim_end())
}

/// What belongs to one request, or to one operation of a socket.
pub struct RequestContext {
    viewer: Mutex<Option<Viewer>>,
    pub loaders: Loaders,
    lagging: Option<Lagging>,
    pub client: Client,
    pub rates: Standings,
    turn: Mutex<Option<OwnedSemaphorePermit>>,
}

impl RequestContext {
    pub fn new(app: &App, viewer: Option<Viewer>, client: Client) -> Arc<Self> {
        let (loaders, rates) = (Loaders::new(app.clone()), Standings::default());
        let lagging = if viewer.is_none() { app.lagging().map(Lagging::new) } else { None };
        let turn = Mutex::default();
        Arc::new(Self { viewer: Mutex::new(viewer), loaders, lagging, client, rates, turn })
    }

    pub fn viewer(&self) -> Option<Viewer> {
        *self.viewer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an operation reads from.
    fn reads<'a, T>(&'a self, ctx: &ContextBase<'a, T>) -> (&'a App, &'a Loaders) {
        match self.lagging(ctx) {
            Some(lagging) => (&lagging.app, &lagging.loaders),
            None => (ctx.data_unchecked(), &self.loaders),
        }
    }

    /// For the query of somebody who is not logged in: they have written nothing that they could miss.
    fn lagging<T>(&self, ctx: &ContextBase<'_, T>) -> Option<&Lagging> {
        self.lagging.as_ref().filter(|_| ctx.query_env.operation.node.ty == OperationType::Query)
    }

    /// The engine makes an answer of an event from now on, and has its turn to do so.
    pub fn begin_turn(&self, turn: Option<OwnedSemaphorePermit>) {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = turn;
    }

    /// The answer is made. Whoever it is for may take as long as they like to read it, and the next one reads anew.
    pub fn end_turn(&self) {
        self.loaders.clear();
        self.begin_turn(None);
    }
}

/// What reads from the database's replica.
struct Lagging {
    app: App,
    loaders: Loaders,
}

impl Lagging {
    fn new(app: App) -> Self {
        Self { loaders: Loaders::new(app.clone()), app }
    }
}

/// How resolvers reach what they need.
pub trait ContextExt {
    fn app(&self) -> &App;
    fn request(&self) -> &Arc<RequestContext>;
    /// The person asking, if there is one.
    fn viewer_opt(&self) -> Option<Viewer>;
    /// The person asking.
    ///
    /// # Errors
    /// UNAUTHENTICATED when nobody is logged in.
    fn viewer(&self) -> Result<Viewer>;
    /// Who is asking from now on: the rest of the operation that logged somebody in, or out.
    fn set_viewer(&self, viewer: Option<Viewer>);
    fn loaders(&self) -> &Loaders;
    /// Counts what the viewer is about to do. Comes before all else that a mutation does: every call counts, whatever
    /// becomes of it, a repeat with an idempotency key included.
    ///
    /// # Errors
    /// UNAUTHENTICATED when nobody is logged in; RATE_LIMITED when it is too much, and then nothing is counted.
    fn charge(&self, done: &[(Action, usize)]) -> impl Future<Output = Result<Viewer>> + Send;
}

impl ContextExt for Context<'_> {
    fn app(&self) -> &App {
        self.request().reads(self).0
    }

    fn request(&self) -> &Arc<RequestContext> {
        self.data_unchecked()
    }

    fn viewer_opt(&self) -> Option<Viewer> {
        self.request().viewer()
    }

    fn viewer(&self) -> Result<Viewer> {
        self.viewer_opt().ok_or(Error::Unauthenticated)
    }

    fn set_viewer(&self, viewer: Option<Viewer>) {
        *self.request().viewer.lock().unwrap_or_else(PoisonError::into_inner) = viewer;
    }

    fn loaders(&self) -> &Loaders {
        self.request().reads(self).1
    }

    async fn charge(&self, done: &[(Action, usize)]) -> Result<Viewer> {
        let viewer = self.viewer()?;
        rate::charge_user(self, viewer.user, done).await?;
        Ok(viewer)
    }
}
