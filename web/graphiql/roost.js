// The GraphiQL page of roost. Everything it loads comes from this server; see VENDORED.md.
"use strict";

(() => {
  const httpUrl = new URL("/graphql", window.location.href);
  const socketUrl = new URL(httpUrl);
  socketUrl.protocol = httpUrl.protocol === "https:" ? "wss:" : "ws:";

  // What a first visitor sees, one entry per tab. GraphiQL names a tab after its first operation, and shows no
  // variables for the first tab on the first visit, so that one carries its values inline. A comment that says
  // "query", "mutation" or "subscription" has to start at the beginning of its line.
  const tabs = [
    {
      query: `# Welcome to roost. Press the pink play button:
# it signs you up and sets a session cookie, so
# from then on you are logged in in this browser.
# Nothing to copy: go on with the other tabs.
# (TAKEN? Choose another username and e-mail.)

mutation SignUp {
  signUp(
    input: {
      username: "alice"
      email: "alice@example.com"
      password: "correct horse battery"
    }
  ) {
    viewer {
      id
      user {
        id
        username
      }
    }
    sessionToken
    userErrors {
      code
      message
      field
    }
  }
}

# Two users at once? Either open this page in a
# private window and sign up there, or open the
# Headers pane below and enter
#   { "Authorization": "Bearer <sessionToken>" }
# with a sessionToken that sign-up or log-in gave
# you. The header goes before the cookie. Each tab
# has its own headers; a reload forgets them.
#
# The other tabs: log in and out, post, read your
# feed, follow somebody, watch the feed live, and
# notifications. Where a tab holds several
# operations, the play button asks which to run.
# Their values stand in the Variables pane. The
# book at the top left documents the whole schema.
#
# GraphiQL keeps tabs and history, variables too,
# in the storage of this browser, so use a
# throw-away password here.
`,
    },
    {
      query: `# Log in by username or e-mail; sets the cookie.
mutation LogIn($login: String!, $password: String!) {
  logIn(input: { login: $login, password: $password }) {
    viewer {
      id
      user {
        id
        username
      }
    }
    sessionToken
    userErrors {
      code
      message
      field
    }
  }
}

# Who am I? Null when nobody is logged in.
query Me {
  viewer {
    id
    email
    user {
      id
      username
      tweetCount
      followerCount
      followingCount
    }
  }
}

# End the session and clear the cookie.
mutation LogOut {
  logOut {
    userErrors {
      code
      message
    }
  }
}
`,
      variables: { login: "alice", password: "correct horse battery" },
    },
    {
      query: `# Post a tweet of 1 to 280 characters.
mutation PostTweet($content: String!) {
  createTweet(input: { content: $content }) {
    tweet {
      id
      content
      createdAt
      author {
        username
      }
    }
    userErrors {
      code
      message
      field
    }
  }
}

# Delete one of your own: first put its id into
# the variables.
mutation DeleteTweet($tweetId: ID!) {
  deleteTweet(input: { tweetId: $tweetId }) {
    deletedTweetId
    userErrors {
      code
      message
      field
    }
  }
}
`,
      variables: { content: "Hello, roost!", tweetId: "PASTE-A-TWEET-ID" },
    },
    {
      query: `# Your tweets and those of everybody you follow,
# newest first. For the next page, set "after" to
# the endCursor of this one.
query HomeFeed($first: Int, $after: String) {
  viewer {
    homeFeed(first: $first, after: $after) {
      edges {
        cursor
        node {
          id
          content
          createdAt
          author {
            username
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
`,
      variables: { first: 20, after: null },
    },
    {
      query: `# 1. Run FindUser. There has to be such a user:
#    sign up "bob" in a private window.
# 2. Copy the id from the answer into "userId" in
#    the variables.
# 3. Run Follow. From now on the tweets of that
#    user are in your home feed.
query FindUser($username: String!) {
  user(username: $username) {
    id
    username
    createdAt
    tweetCount
    followerCount
    followingCount
    tweets(first: 5) {
      nodes {
        id
        content
        createdAt
      }
    }
    followers(first: 5) {
      nodes {
        username
      }
    }
    following(first: 5) {
      nodes {
        username
      }
    }
  }
}

mutation Follow($userId: ID!) {
  follow(input: { userId: $userId }) {
    user {
      username
      followerCount
    }
    userErrors {
      code
      message
      field
    }
  }
}

mutation Unfollow($userId: ID!) {
  unfollow(input: { userId: $userId }) {
    user {
      username
      followerCount
    }
    userErrors {
      code
      message
      field
    }
  }
}
`,
      variables: { username: "bob", userId: "PASTE-THE-USER-ID" },
    },
    {
      query: `# New tweets of your home feed, as they come: your
# own and those of everybody you follow.
# Press play; then post from a second window of
# this browser, or as somebody you follow from a
# private window. The latest tweet shows here.
# Going to another tab here ends it.
#
# A run is for the user logged in when it starts:
# after logging in as somebody else, start it again.
# To catch up, set "after" to the last cursor seen.
subscription NewTweets($after: String) {
  homeFeedTweetAdded(after: $after) {
    cursor
    node {
      id
      content
      createdAt
      author {
        username
      }
    }
  }
}
`,
      variables: { after: null },
    },
    {
      query: `# What others did that concerns you, newest first.
# To get one, let the second user follow you.
query Notifications($first: Int, $after: String) {
  viewer {
    notifications(first: $first, after: $after) {
      edges {
        cursor
        node {
          id
          kind
          createdAt
          isRead
          actor {
            id
            username
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}

# The same, live, like NewTweets.
subscription NewNotifications($after: String) {
  notificationAdded(after: $after) {
    cursor
    node {
      id
      kind
      createdAt
      actor {
        id
        username
      }
    }
  }
}
`,
      variables: { first: 20, after: null },
    },
  ].map(({ query, variables }) => ({
    query,
    variables: variables ? JSON.stringify(variables, null, 2) : null,
    headers: null,
  }));

  async function overHttp(params, headers) {
    const response = await fetch(httpUrl, {
      method: "POST",
      credentials: "same-origin",
      headers: {
        accept: "application/graphql-response+json, application/json",
        "content-type": "application/json",
        ...headers,
      },
      body: JSON.stringify(params),
    });
    const text = await response.text();
    try {
      return JSON.parse(text);
    } catch {
      return { errors: [{ message: `HTTP ${response.status} without a GraphQL answer: ${text.slice(0, 1000)}` }] };
    }
  }

  // An observable, as GraphiQL takes it. Its socket opens with the subscription and closes with it, so none outlives
  // a log-in. No retries: a refused or lost connection is shown, and no gap goes unnoticed.
  function overSocket(params, headers) {
    return {
      subscribe({ next, error, complete }) {
        const client = graphqlWs.createClient({
          url: socketUrl.href,
          connectionParams: Object.keys(headers).length > 0 ? headers : undefined,
          lazy: true,
          lazyCloseTimeout: 0,
          retryAttempts: 0,
        });
        const unsubscribe = client.subscribe(params, {
          next,
          complete,
          error(cause) {
            if (Array.isArray(cause)) {
              error(cause); // GraphQL errors
            } else if (cause instanceof CloseEvent) {
              error({ message: `The socket was closed: ${cause.code} ${cause.reason}`.trim() });
            } else {
              error({ message: cause instanceof Error ? cause.message : "The socket failed." });
            }
          },
        });
        return { unsubscribe };
      },
    };
  }

  function fetcher(params, options) {
    // Lower-cased, so that a header typed by hand replaces ours, and so that a socket finds "authorization".
    const headers = Object.fromEntries(
      Object.entries(options?.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
    );
    const isSubscription = options?.documentAST?.definitions.some(
      (definition) =>
        definition.operation === "subscription" &&
        (!params.operationName || definition.name?.value === params.operationName),
    );
    return isSubscription ? overSocket(params, headers) : overHttp(params, headers);
  }

  const element = React.createElement;
  ReactDOM.createRoot(document.getElementById("graphiql")).render(
    element(
      GraphiQL,
      {
        fetcher,
        defaultTabs: tabs,
        defaultQuery: "# Ctrl-Space suggests what can stand here, Ctrl-Enter runs it.\n",
        defaultEditorToolsVisibility: "variables",
        // Not the shared default, so that another GraphiQL once served at the same address does not hide our tabs.
        storage: GraphiQL.createLocalStorage({ namespace: "roost" }),
      },
      element(GraphiQL.Logo, null, "roost"),
    ),
  );
})();
