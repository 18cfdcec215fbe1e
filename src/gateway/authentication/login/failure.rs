//! Why signing in, or staying signed in, does not go on.

/// What went wrong. None of these repeats what a request or a provider says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::gateway) enum Failure {
    #[error("The request carries several sessions")]
    SeveralCookies,
    #[error("This browser has not begun to sign in here, or too long ago; begin again")]
    NotBegun,
    #[error("The answer of the OpenID provider is malformed")]
    MalformedAnswer,
    #[error("The answer comes from another OpenID provider")]
    OtherProvider,
    #[error("The answer of the OpenID provider has come in before; begin again")]
    Replayed,
    #[error("The OpenID provider has not let you sign in")]
    Denied,
    #[error("The OpenID provider does not take the code that it has given")]
    CodeRefused,
    #[error("The OpenID provider's token is not valid")]
    BadIdToken,
    #[error("The OpenID provider cannot be reached")]
    Unavailable,
    #[error("What the OpenID provider says of you does not fit into a cookie")]
    SessionTooLarge,
    #[error("Another site has sent this")]
    CrossSite,
    #[error("This is read by GET")]
    OnlyGet,
    #[error("This is done by POST")]
    OnlyPost,
    #[error("A browser goes here to sign in, and nothing else")]
    NoNavigation,
    #[error("There are no random numbers")]
    NoRandomNumbers,
}
