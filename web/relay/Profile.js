// Somebody's page: lists of people, which are connections with edges of their own.

graphql`
  query ProfileQuery($username: String!) {
    user(username: $username) {
      id
      username
      ...Profile_following
    }
  }
`;

graphql`
  fragment Profile_following on User
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" })
  @refetchable(queryName: "ProfileFollowingQuery") {
    followingCount
    following(first: $count, after: $cursor) @connection(key: "Profile_following") {
      edges {
        followedAt
        node {
          id
          username
        }
      }
    }
  }
`;

graphql`
  mutation ProfileFollowMutation($input: FollowInput!, $connections: [ID!]!) {
    follow(input: $input) {
      user @prependNode(connections: $connections, edgeTypeName: "FollowingEdge") {
        username
        viewerIsFollowing
        followerCount
      }
      userErrors {
        code
        message
      }
    }
  }
`;
