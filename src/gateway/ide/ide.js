// Starts GraphiQL over the endpoint of this page, and passes on the plan of each answer. `#query=…&variables=…` in the
// page's address is what it starts with.
"use strict";

(() => {
  const endpoint = document.body.dataset.endpoint;

  async function fetcher(request, options) {
    const isSchema = request.operationName === "IntrospectionQuery";
    const headers = {
      "content-type": "application/json",
      accept: "application/graphql-response+json, application/json;q=0.9",
      ...options?.headers,
    };
    if (!isSchema) headers["graphway-expose-query-plan"] = plan.only() ? "dry-run" : "true";
    const start = performance.now();
    const response = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify(request) });
    const answer = await response.json();
    if (isSchema) return answer;
    plan.show(answer.extensions?.queryPlan, performance.now() - start);
    // The plan has a panel of its own.
    if (answer.extensions) {
      delete answer.extensions.queryPlan;
      if (Object.keys(answer.extensions).length === 0) delete answer.extensions;
    }
    return answer;
  }

  const start = new URLSearchParams(location.hash.slice(1));

  ReactDOM.createRoot(document.getElementById("editor")).render(
    React.createElement(GraphiQL, {
      fetcher,
      query: start.get("query") ?? undefined,
      variables: start.get("variables") ?? undefined,
      defaultQuery: "# Ask for something, and see on the right how it is answered.\n\n{\n  __typename\n}\n",
    }),
  );
})();
