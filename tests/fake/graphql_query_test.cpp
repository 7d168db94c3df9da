#include "fake/graphql_query.h"

#include "catch.h"

using namespace probackup;

namespace {

JsonRecord person() {
  auto friends = JsonRecord::array();
  for (const auto* id : {"a", "b", "c"}) friends.push_back({{"__typename", "User"}, {"id", id}});
  return {{"__typename", "User"},
          {"id", "me"},
          {"login", "user-1"},
          {"friends", {{"__connection", friends}}}};
}

JsonRecord select(const std::string& query, const JsonRecord& variables = JsonRecord::object()) {
  return select_graphql(person(), parse_graphql(query, variables));
}

}  // namespace

TEST_CASE("a query selects fields, under their aliases") {
  CHECK(select("{ id name: login }").dump() == R"({"id":"me","name":"user-1"})");
  CHECK(select("query Me { ... on User { id } ... on Bot { nothing } }").dump() ==
        R"({"id":"me"})");
  CHECK(select("query { ...Part } fragment Part on User { login }").dump() ==
        R"({"login":"user-1"})");
}

TEST_CASE("connections are paged by first and after") {
  const std::string query =
      "query($n: Int = 2, $after: String) { friends(first: $n, after: $after) "
      "{ totalCount nodes { id } pageInfo { hasNextPage endCursor } } }";
  const auto first = select(query);
  CHECK(first["friends"]["totalCount"] == 3);
  CHECK(first["friends"]["nodes"].size() == 2);
  CHECK(first["friends"]["pageInfo"]["hasNextPage"] == true);
  const auto second = select(query, {{"after", first["friends"]["pageInfo"]["endCursor"]}});
  CHECK(second["friends"]["nodes"].dump() == R"([{"id":"c"}])");
  CHECK(second["friends"]["pageInfo"]["hasNextPage"] == false);
}

TEST_CASE("a query that GitHub would refuse is refused") {
  CHECK_THROWS_AS(select("{ nonsense }"), GraphqlError);
  CHECK_THROWS_AS(select("{ friends { nodes { id } } }"), GraphqlError);
  CHECK_THROWS_AS(select("{ friends(first: 101) { nodes { id } } }"), GraphqlError);
  CHECK_THROWS_AS(select("{ friends(first: 1, after: \"x\") { nodes { id } } }"), GraphqlError);
  CHECK_THROWS_AS(select("{ friends(first: 1) }"), GraphqlError);
  CHECK_THROWS_AS(select("mutation { id }"), GraphqlError);
  CHECK_THROWS_AS(select("{ id "), GraphqlError);
  CHECK_THROWS_AS(select("{ ...Missing }"), GraphqlError);
  CHECK_THROWS_AS(select("{ ...A } fragment A on User { ...A }"), GraphqlError);
  CHECK_THROWS_AS(select(""), GraphqlError);
}
