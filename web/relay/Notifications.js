// What others did: a union, an enum, and a list that grows at its head.

graphql`
  query NotificationsQuery {
    viewer {
      id
      unreadNotificationCount
      notifications(first: 20) @connection(key: "Notifications_notifications", filters: []) {
        edges {
          node {
            kind
            isRead
            actor {
              username
            }
            subject {
              __typename
              ... on Tweet {
                content
              }
              ... on Comment {
                content
              }
            }
          }
        }
      }
    }
  }
`;

graphql`
  subscription NotificationsAddedSubscription($after: String, $connections: [ID!]!) {
    notificationAdded(after: $after) @prependEdge(connections: $connections) {
      cursor
      node {
        kind
        isRead
        actor {
          username
        }
      }
    }
  }
`;

graphql`
  mutation NotificationsReadMutation($input: MarkNotificationsReadInput!) {
    markNotificationsRead(input: $input) {
      notifications {
        isRead
      }
      viewer {
        unreadNotificationCount
      }
      userErrors {
        code
        message
      }
    }
  }
`;
