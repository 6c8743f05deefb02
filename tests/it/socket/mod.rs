//! Sockets: the subprotocol graphql-transport-ws, who may open one, and what comes over it.
//!
//! Every rule of its PROTOCOL.md, and the test that holds us to it:
//!
//! | rule | test |
//! |---|---|
//! | the subprotocol is `graphql-transport-ws` | `handshake::the_subprotocol_has_to_be_asked_for`, `ours_is_chosen_among_several_subprotocols` |
//! | messages are JSON texts with a `type`; any other closes with 4400 | `messages::whatever_is_no_message_of_the_protocol_closes_the_socket`, `binary_messages_close_the_socket` |
//! | the same before the acknowledgement | `messages::wrong_messages_before_the_acknowledgement_close_the_socket_as_well` |
//! | the server may close at any time, and says why | `messages::close_reasons_fit_into_a_control_frame`, `a_server_that_stops_says_so` |
//! | the client closes with 1000 | `peers::a_close_of_the_clients_is_answered_with_its_code` |
//! | `connection_init` in time, else 4408 | `handshake::a_socket_that_is_not_initialised_in_time_is_closed` |
//! | a second one closes with 4429 | `messages::a_second_connection_init_closes_the_socket` |
//! | its payload is optional, an object | `handshake::ours_is_chosen_among_several_subprotocols`, `messages::wrong_messages_before_…` |
//! | a connection is refused with 4403 | `handshake::a_bad_token_in_connection_init_closes_the_socket` |
//! | `connection_ack` is the answer | `handshake::a_token_in_connection_init_says_who_asks` |
//! | `ping` is answered by `pong` at any time, payloads are optional | `messages::pings_are_answered_with_their_payload_before_and_after_the_acknowledgement` |
//! | `pong` may come unasked | `messages::pongs_are_taken_and_not_answered` |
//! | `subscribe` before the acknowledgement closes with 4401 | `messages::an_operation_before_the_acknowledgement_closes_the_socket` |
//! | an id in use closes with 4409 | `operations::an_id_that_is_in_use_closes_the_socket` |
//! | an id is free once its operation has ended | `operations::an_id_is_free_again_when_its_operation_has_ended` |
//! | `operationName`, `variables` and `extensions` are optional, and may be null | `operations::operation_name_and_variables_are_read` |
//! | queries and mutations are `next` and `complete` | `operations::queries_and_mutations_get_one_next_and_complete` |
//! | subscriptions are any number of `next` | `feed::…`, `notifications::…` |
//! | errors before execution are one `error` with an array, and nothing after | `operations::an_operation_that_is_not_executed_gets_one_error_and_nothing_after` |
//! | `complete` of the client's ends the operation, is not echoed, nothing comes after | `peers::what_a_client_has_completed_says_nothing_more` |
//! | `complete` for an operation that has ended is no fault | `operations::completing_what_is_not_running_changes_nothing` |

mod feed;
mod handshake;
mod messages;
mod notifications;
mod operations;
mod peers;
