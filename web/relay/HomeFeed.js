// The home feed as a Relay application has it. The compiler reads this; it is never run.

graphql`
  query HomeFeedQuery($count: Int!) {
    viewer {
      id
      ...HomeFeed_viewer @arguments(count: $count)
    }
  }
`;

graphql`
  fragment HomeFeed_viewer on Viewer
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" })
  @refetchable(queryName: "HomeFeedPaginationQuery") {
    homeFeed(first: $count, after: $cursor) @connection(key: "HomeFeed_homeFeed") {
      edges {
        node {
          id
          content
          likeCount
          ...HomeFeed_tweet
        }
      }
    }
  }
`;

graphql`
  fragment HomeFeed_tweet on Tweet @refetchable(queryName: "HomeFeedTweetQuery") {
    content
    createdAt
    viewerHasLiked
    author {
      username
      profile {
        nickname
        avatarUrl
      }
    }
    photos {
      previewUrl
      altText
    }
  }
`;

graphql`
  mutation HomeFeedCreateTweetMutation($input: CreateTweetInput!, $connections: [ID!]!) {
    createTweet(input: $input) {
      feedEdge @prependEdge(connections: $connections) {
        cursor
        node {
          id
          content
          likeCount
          ...HomeFeed_tweet
        }
      }
      userErrors {
        code
        message
        field
      }
    }
  }
`;

graphql`
  mutation HomeFeedDeleteTweetMutation($input: DeleteTweetInput!, $connections: [ID!]!) {
    deleteTweet(input: $input) {
      deletedTweetId @deleteEdge(connections: $connections) @deleteRecord
      userErrors {
        code
        message
      }
    }
  }
`;

graphql`
  mutation HomeFeedLikeMutation($input: LikeInput!) {
    like(input: $input) {
      subject {
        likeCount
        viewerHasLiked
      }
      userErrors {
        code
        message
      }
    }
  }
`;

graphql`
  subscription HomeFeedAddedSubscription($after: String, $connections: [ID!]!) {
    homeFeedTweetAdded(after: $after) @prependEdge(connections: $connections) {
      cursor
      node {
        id
        content
        likeCount
        ...HomeFeed_tweet
      }
    }
  }
`;

graphql`
  subscription HomeFeedTweetChangedSubscription($tweetId: ID!) {
    tweetChanged(tweetId: $tweetId) {
      likeCount
      commentCount
    }
  }
`;
