// The comments under a tweet: a page that is asked for by the id of the tweet.

graphql`
  query CommentsQuery($id: ID!) {
    node(id: $id) {
      id
      ...Comments_tweet @alias(as: "tweet")
    }
  }
`;

graphql`
  fragment Comments_tweet on Tweet
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" })
  @refetchable(queryName: "CommentsPaginationQuery") {
    commentCount
    comments(first: $count, after: $cursor) @connection(key: "Comments_comments") {
      edges {
        node {
          id
          content
          likeCount
          author {
            username
          }
        }
      }
    }
  }
`;

graphql`
  mutation CommentsCreateMutation($input: CreateCommentInput!, $connections: [ID!]!) {
    createComment(input: $input) {
      commentEdge @prependEdge(connections: $connections) {
        cursor
        node {
          id
          content
          likeCount
          author {
            username
          }
          tweet {
            commentCount
          }
        }
      }
      userErrors {
        code
        message
      }
    }
  }
`;
