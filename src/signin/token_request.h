// Requests to a token endpoint.
#pragma once

#include <map>
#include <stop_token>
#include <string>

#include "probackup/signin.h"
#include "signin/token_answer.h"

namespace probackup {

using FormFields = std::map<std::string, std::string>;

std::string print_form(const FormFields& fields);

// Sends the fields with the client's id and secret as the app wants them. A request that the server
// certainly did not carry out is tried again; others are not, since a refresh token may be good for
// one use only. Throws NetworkError, Error(interrupted).
HttpResponse send_token_request(const SignIn& sign_in, FormFields fields, Http& http, Clock& clock,
                                std::stop_token stop);

// For POSTs beside it (device codes, installation tokens).
HttpResponse send_once_more(HttpRequest request, Http& http, Clock& clock, std::stop_token stop);

// The sign-in that `app` describes, without a token.
SignIn begin_sign_in(const OAuthApp& app, SignIn::Way way);

// Asks for a token and takes it over. Throws Error that names what the server said.
void request_token(SignIn& sign_in, const FormFields& fields, const std::string& what, Http& http,
                   Clock& clock, std::stop_token stop);

}  // namespace probackup
