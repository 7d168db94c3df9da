"""What Linear does that its schema does not say: accounts that hold together, and the ways of single mutations.

From Linear's documentation (linear.app/developers, linear.app/docs), the descriptions in the schema, and Linear's own
importer: a new team comes with a workflow; attachments are one for each address of an issue; marking a duplicate moves
the issue; issueCreate refuses states of the type duplicate; deleting an issue, project or document puts it in the trash.
"""

import json

from graph import Refusal

WORKFLOW = [("Backlog", "backlog"), ("Todo", "unstarted"), ("In Progress", "started"), ("Done", "completed"),
            ("Canceled", "canceled"), ("Duplicate", "duplicate")]
MADE_TYPES = ("backlog", "unstarted", "started", "completed", "canceled")
PRIORITIES = ["No priority", "Urgent", "High", "Medium", "Low"]
COMMENTED = ["issue", "project", "initiative", "projectUpdate", "initiativeUpdate"]
TRASHED = ("Issue", "Project", "Document")
ONLY_ARCHIVED = ("ProjectStatus", "InitiativeUpdate", "Cycle")
# Of inputs: what changes nothing that can be read.
unseen = {"doNotSubscribeToIssue", "private", "sortOrder"}


def ref(node):
    return {"id": node.full["id"]}


def id_of(record, member):
    return (record.get(member) or {}).get("id")


def type_of(type, name):
    label = {"Project": "ProjectLabel", "Initiative": "InitiativeLabel"}.get(type, "IssueLabel")
    return {"labelIds": label, "teamIds": "Team"}.get(name, "User")


def has_file(full):
    return "source" in full and "metadata" not in full  # an emoji


def more_streams(account):
    return {"account": account.kinds["users"].nodes[:1]}


def root(account, name, given):
    if name == "viewer":
        return account.kinds["users"].nodes[0].full
    if name == "slaConfigurations":
        return [n.full for n in account.kinds["sla_rules"].nodes if n.parent.full["id"] == given["teamId"]]
    return account.kinds["organization"].nodes[0].full if name == "organization" else None


def derived(account, type, name, record):
    def those(kind, member):
        return [n.full for n in account.kinds[kind].nodes if id_of(n.full, member) == record["id"]]

    if name == "priorityLabel":
        return PRIORITIES[record["priority"]]
    if (type, name) == ("Issue", "relations"):
        return those("issue_relations", "issue")
    if (type, name) == ("Issue", "history"):
        return [n.full for n in account.kinds["issue_history"].nodes if n.parent.full is record]
    if (type, name) == ("Project", "externalLinks"):
        return those("external_links", "project")
    if (type, name) == ("Initiative", "links"):
        return those("external_links", "initiative")
    return None


def gone(account, node):
    """Deleted as Linear deletes: in the trash, or archived where there is no more; or inside of such a thing."""
    if node.full.get("trashed") or (node.full.get("archivedAt") and node.kind.table["type"] in ONLY_ARCHIVED):
        return True
    for member in node.kind.table.get("inside", []):
        for kind in account.kinds.values():
            for other in kind.nodes:
                if other.full["id"] == id_of(node.full, member) and gone(account, other):
                    return True
    return False


# --- accounts that hold together


def settle(account):
    dice, kinds = account.rng, {name: kind.nodes for name, kind in account.kinds.items()}
    everything = [n for nodes in kinds.values() for n in nodes]

    def some(nodes, often=0.6):
        return ref(dice.choice(nodes)) if nodes and dice.random() < often else None

    def few(nodes, least=0):
        return [ref(n) for n in dice.sample(nodes, dice.randint(min(least, len(nodes)), min(3, len(nodes))))]

    for node in everything:
        node.full["archivedAt"] = None
        for name in ("trashed", "retiredAt", "inheritedFrom", "retiredBy", "hiddenAt"):
            if name in node.full:
                node.full[name] = None
    for number, node in enumerate(kinds["users"]):
        node.full.update(active=number == 0 or dice.random() < 0.8, app=False, admin=number == 0, email=f"user{number}@example.com")
    kinds["organization"][0].full["urlKey"] = f"space{dice.randint(1, 10**6)}"
    if not kinds["teams"]:
        return
    for number, node in enumerate(kinds["teams"]):
        earlier = kinds["teams"][:number]
        node.full.update(key=f"T{number}X", name=f"Team {number} {account.generator.text()}", parent=some(earlier, 0.4),
                         issueEstimationType=dice.choice(["notUsed", "exponential", "fibonacci", "linear", "tShirt"]), timezone="Europe/Berlin",
                         inheritWorkflowStatuses=False, inheritIssueEstimation=False)
        for place, (name, type) in enumerate(WORKFLOW + [(f"Extra {i}", dice.choice(MADE_TYPES)) for i in range(2)]):
            state = account.make_node(account.kinds["workflow_states"], None)
            state.full.update(name=name, type=type, team=ref(node), position=place, archivedAt=None, inheritedFrom=None)
        mine = [n for n in kinds["workflow_states"] if n.full["team"] == ref(node)]
        node.full.update(defaultIssueState=ref(mine[1]), autoCloseStateId=mine[4].full["id"] if dice.random() < 0.5 else None)
    names = iter(f"label {i}" for i in range(1000))
    for nodes in (kinds["issue_labels"], kinds["project_labels"], kinds["initiative_labels"]):
        for number, node in enumerate(nodes):
            node.full.update(name=next(names), isGroup=number % 3 == 0, parent=None)
            if "team" in node.full:
                node.full["team"] = some(kinds["teams"], 0.5) if "issue" in nodes[0].kind.name else None
            groups = [n for n in nodes[:number] if n.full["isGroup"] and n.full.get("team") == node.full.get("team")]
            node.full["parent"] = None if node.full["isGroup"] else some(groups)
    link(account, everything + kinds["workflow_states"])
    for number, node in enumerate(kinds["project_statuses"]):
        node.full.update(name=f"Status {number}", type=("backlog", "planned", "started", "completed", "canceled")[number % 5])
    for node in kinds["projects"]:
        node.full.update(teams=few(kinds["teams"], 1), members=few(kinds["users"]), priority=dice.randint(0, 4), convertedFromIssue=None,
                         labelIds=[n.full["id"] for n in one_a_group(few_nodes(dice, kinds["project_labels"]))], url=url(account, "project", node))
    for node in kinds["initiatives"]:
        node.full.update(priority=dice.randint(0, 4), parentInitiative=None, url=url(account, "initiative", node), leadTeam=None,
                         labelIds=[n.full["id"] for n in one_a_group(few_nodes(dice, kinds["initiative_labels"]))])
    settle_initiative_relations(account, kinds)
    settle_plans(account, dice, kinds, few)
    for node in kinds["external_links"]:
        project = some(kinds["projects"], 0.5)
        node.full.update(project=project, initiative=None if project else some(kinds["initiatives"], 1))
    pairs = set()
    for node in list(kinds["initiative_to_projects"]):
        pair = (id_of(node.full, "initiative"), id_of(node.full, "project"))
        if pair in pairs:
            account.kinds["initiative_to_projects"].nodes.remove(node)
        pairs.add(pair)
    for number, node in enumerate(kinds["cycles"]):
        node.full.update(number=number + 1, startsAt=f"2024-{number + 1:02}-01T00:00:00.000Z", endsAt=f"2024-{number + 1:02}-15T00:00:00.000Z",
                         completedAt=f"2024-{number + 1:02}-15T00:00:00.000Z", inheritedFrom=None)
    for node in kinds["project_relations"]:
        node.full.update(type="dependency", anchorType="end", relatedAnchorType="start", projectMilestone=None, relatedProjectMilestone=None)
    settle_issues(account, dice, kinds, some, few)
    for node in kinds["documents"]:
        place = dice.choice(["project", "initiative", "issue", "team"])
        node.full.update({name: None for name in ("project", "initiative", "issue", "team", "cycle", "release")})
        node.full.update({place: some(kinds[place + "s"], 1), "documentContentId": account.fresh(), "url": url(account, "document", node)})
    for node in kinds["emojis"]:
        node.full["source"] = "upload"
    settle_comments(account, dice, kinds)
    settle_trash(account, kinds)


def settle_initiative_relations(account, kinds):
    """Each initiative is part of at most one other, an earlier one."""
    places = {n.full["id"]: place for place, n in enumerate(kinds["initiatives"])}
    inner = set()
    for node in list(kinds["initiative_relations"]):
        one, other = sorted((id_of(node.full, "initiative"), id_of(node.full, "relatedInitiative")), key=places.get)
        if one == other or other in inner:
            account.kinds["initiative_relations"].nodes.remove(node)
            continue
        inner.add(other)
        node.full.update(initiative={"id": one}, relatedInitiative={"id": other})


def settle_plans(account, dice, kinds, few):
    """Releases, and who is on duty."""
    for node in kinds["release_pipelines"]:
        node.full["teams"] = few(kinds["teams"])
    for node in kinds["releases"]:
        node.full["links"] = [{"id": account.fresh(), "label": account.generator.text(), "url": "https://example.com/notes"}]
    for node in kinds["release_notes"]:
        node.full.update(releases=few(kinds["releases"]), documentContent={"content": account.generator.text()})
    for node in kinds["time_schedules"]:
        node.full["entries"] = [{"startsAt": "2024-05-01T00:00:00.000Z", "endsAt": "2024-05-08T00:00:00.000Z", "userEmail": None,
                                 "userId": dice.choice(kinds["users"]).full["id"]}]
    for node in kinds["triage_responsibilities"]:
        node.full["manualSelection"] = {"assignmentIndex": 0, "userIds": [n.full["id"] for n in kinds["users"][:2]]}


def few_nodes(dice, nodes):
    return dice.sample(nodes, dice.randint(0, min(3, len(nodes))))


def one_a_group(nodes):
    """Labels of which no two are in one group, without groups."""
    out = {}
    for node in nodes:
        if not node.full["isGroup"]:
            out[id_of(node.full, "parent") or node.full["id"]] = node
    return list(out.values())


def url(account, what, node):
    return f"https://linear.app/{account.kinds['organization'].nodes[0].full['urlKey']}/{what}/{node.full.get('identifier') or node.full['slugId']}"


def link(account, nodes):
    """Names other records wherever the schema lets one; always where it must."""
    dice = account.rng
    for node in nodes:
        for name, (wanted, _) in account.schema.fields[node.kind.table["type"]].items():
            needed = isinstance(wanted, tuple)
            named = wanted[1] if needed else wanted
            if not isinstance(named, str) or named not in account.by_type or node.full.get(name) is not None:
                continue
            others = [n for n in account.by_type[named].nodes if n is not node]
            if others and (needed or dice.random() < 0.4) and node.kind.name not in ("users", "teams", "issue_labels", "project_labels", "initiative_labels"):
                node.full[name] = ref(dice.choice(others))


def settle_issues(account, dice, kinds, some, few):
    numbers = {}
    states = {n.full["id"]: n.full for n in kinds["workflow_states"]}
    for place, node in enumerate(kinds["issues"]):
        team = dice.choice(kinds["teams"])
        key = team.full["key"]
        numbers[key] = numbers.get(key, 0) + dice.randint(1, 3)
        mine = [n for n in kinds["workflow_states"] if n.full["team"] == ref(team) and n.full["type"] != "duplicate"]
        projects = [n for n in kinds["projects"] if ref(team) in n.full["teams"]]
        labels = [n for n in kinds["issue_labels"] if n.full["team"] in (None, ref(team))]
        node.full.update(team=ref(team), number=numbers[key], identifier=f"{key}-{numbers[key]}", state=some(mine, 1), project=some(projects),
                         cycle=some([n for n in kinds["cycles"] if n.full["team"] == ref(team)]), parent=some(kinds["issues"][:place], 0.4),
                         priority=dice.randint(0, 4), labelIds=[n.full["id"] for n in one_a_group(few_nodes(dice, labels))],
                         subscribers=few(kinds["users"]), completedAt=None, canceledAt=None, createdAt=f"2024-05-{place + 1:02}T10:00:00.123Z",
                         projectMilestone=None, sourceComment=None, trashed=True if dice.random() < 0.05 else None,
                         reactions=[{"id": account.fresh(), "emoji": "+1", "createdAt": "2024-06-01T00:00:00.000Z", "user": some(kinds["users"], 1)}])
        node.full["url"] = url(account, "issue", node) + "/some-words"
        node.full["archivedAt"] = "2025-01-01T00:00:00.000Z" if node.full["trashed"] or dice.random() < 0.2 else None
        if states[node.full["state"]["id"]]["type"] == "completed":
            node.full["completedAt"] = "2024-07-01T00:00:00.000Z"
        if node.full["project"]:
            node.full["projectMilestone"] = some([n for n in kinds["project_milestones"] if n.full["project"] == node.full["project"]])
        if place and dice.random() < 0.5:
            node.full["description"] = f"See {kinds['issues'][place - 1].full['url']} and {kinds['issues'][-1].full['identifier']}, @someone"
    pairs = set()
    for node in list(kinds["issue_relations"]):
        one, other = id_of(node.full, "issue"), id_of(node.full, "relatedIssue")
        if frozenset((one, other)) in pairs or one == other:
            account.kinds["issue_relations"].nodes.remove(node)
            continue
        pairs.add(frozenset((one, other)))
        node.full["type"] = dice.choice(["blocks", "duplicate", "related", "similar"])
        if node.full["type"] == "duplicate" and dice.random() < 0.7:
            mark_duplicate(account, node)
    seen = set()
    for node in kinds["attachments"]:
        node.full["url"] = f"https://example.com/{len(seen)}"
        seen.add(node.full["url"])


def settle_comments(account, dice, kinds):
    for place, node in enumerate(kinds["comments"]):
        full = node.full
        full.update({name: None for name in [*COMMENTED, "parent", "documentContentId", "quotedText", "resolvedAt", "resolvingUser",
                                             "resolvingComment", "resolvingCommentId", "botActor", "externalUser", "onBehalfOf"]})
        where = dice.choice([*["issue"] * 4, "projectUpdate", "initiativeUpdate", "documentContentId"])
        nodes = kinds["documents"] if where == "documentContentId" else kinds[{"projectUpdate": "project_updates", "initiativeUpdate": "initiative_updates"}.get(where, where + "s")]
        target = dice.choice(nodes)
        full[where] = target.full["documentContentId"] if where == "documentContentId" else ref(target)
        threads = [n for n in kinds["comments"][:place] if n.full[where] == full[where] and not n.full["parent"]]
        if threads and dice.random() < 0.6:
            full["parent"] = ref(dice.choice(threads))
        elif dice.random() < 0.3:
            full.update(resolvedAt="2024-06-02T00:00:00.000Z", resolvingUser=ref(kinds["users"][0]))
        full.update(createdAt=f"2024-06-{place + 1:02}T10:00:00.500Z", url=f"https://linear.app/comment/{place}")
        full["reactions"] = []
        echo_ids(full)


def settle_trash(account, kinds):
    """Nothing that a restore makes needs an issue of the trash: it could not be made."""
    for issue in kinds["issues"]:
        needed = [n for kind in account.kinds.values() for n in kind.nodes if n is not issue and issue.full["id"] in json.dumps(n.full)]
        if needed:
            issue.full["trashed"] = None


def echo_ids(full):
    """The ids that a comment says once more."""
    for name in [*COMMENTED, "parent", "resolvingComment"]:
        full[name + "Id"] = id_of(full, name)


# --- what mutations do beside what the schema's names say


def place(writer, type, node, given):
    """Refuses what Linear refuses; the record that is there already, where it is taken instead."""
    account = writer.account

    def held(kind, **members):
        return [n for n in account.kinds[kind].nodes if all(n.full.get(k) == v for k, v in members.items()) and not n.full.get("archivedAt")]

    def named(name):
        return None if given.get(name) is None else {"id": given[name]}

    if type == "Attachment":
        return next(iter(held("attachments", issue=named("issueId"), url=given["url"])), None)
    if type == "Team" and held("teams", key=given.get("key")):
        raise Refusal(f"Team key {given['key']} is taken", known=True)
    if type == "WorkflowState":
        if given["type"] not in MADE_TYPES:
            raise Refusal(f"a state of the type {given['type']}")
        if held("workflow_states", team=named("teamId"), name=given["name"]):
            raise Refusal(f"a second state {given['name']}")
    if type in ("IssueLabel", "ProjectLabel", "InitiativeLabel"):
        kind = account.by_type[type].name
        if [n for n in held(kind, name=given["name"]) if n.full.get("team") in (None, named("teamId"))]:
            raise Refusal(f"a second label {given['name']}")
        if given.get("parentId") and not account.by_id(type, given["parentId"]).full["isGroup"]:
            raise Refusal("a label below one that is no group")
    if type == "Issue":
        judge_issue(account, given, {})
    if type == "Comment":
        judge_comment(account, given)
    if type == "IssueRelation" and held("issue_relations", issue=named("issueId"), relatedIssue=named("relatedIssueId")):
        raise Refusal("a second relation of the same issues")
    if type == "InitiativeRelation" and held("initiative_relations", relatedInitiative=named("relatedInitiativeId")):
        raise Refusal("an initiative that is part of two")
    if type == "Document" and len([n for n in ("projectId", "initiativeId", "issueId", "teamId", "cycleId") if given.get(n)]) != 1:
        raise Refusal("a document belongs to one thing")
    if type in ("Issue", "Comment") and given.get("createdAt", "") > writer.now():
        raise Refusal("createdAt must be in the past")
    return None


def judge_issue(account, given, full):
    team = account.by_id("Team", given.get("teamId") or id_of(full, "team"))
    if team is None:
        raise Refusal(f"Entity not found: Team {given}")
    state = account.by_id("WorkflowState", given.get("stateId"))
    if state is not None and (state.full["team"] != ref(team) or state.full["type"] == "duplicate"):
        raise Refusal(f"a state that an issue of this team cannot have: {state.full}")
    cycle, project = account.by_id("Cycle", given.get("cycleId")), account.by_id("Project", given.get("projectId"))
    if cycle is not None and cycle.full["team"] != ref(team):
        raise Refusal("a cycle of another team")
    if project is not None and ref(team) not in project.full["teams"]:
        raise Refusal("a project that the team is not in")
    milestone = account.by_id("ProjectMilestone", given.get("projectMilestoneId"))
    if milestone is not None and id_of(milestone.full, "project") != given.get("projectId"):
        raise Refusal("a milestone of another project")
    labels = [account.by_id("IssueLabel", id) for id in given.get("labelIds", [])]
    if None in labels or any(n.full["team"] not in (None, ref(team)) for n in labels) or len(one_a_group(labels)) != len(labels):
        raise Refusal("labels that an issue of this team cannot have together")
    if given.get("completedAt") and (state is None or state.full["type"] != "completed" or given["completedAt"] < given["createdAt"]):
        raise Refusal("completedAt does not go with this state")


def judge_comment(account, given):
    if len([n for n in [*COMMENTED, "documentContent"] if given.get(n + "Id")]) != 1:
        raise Refusal("a comment belongs to one thing")
    if given.get("documentContentId") and not [n for n in account.kinds["documents"].nodes if n.full["documentContentId"] == given["documentContentId"]]:
        raise Refusal("Entity not found: DocumentContent")
    if given.get("parentId") and account.by_id("Comment", given["parentId"]).full["parent"]:
        raise Refusal("a thread has one level")


def created(writer, type, node, given):
    account, full = writer.account, node.full
    viewer = ref(account.kinds["users"].nodes[0])
    full.update({name: viewer for name in ("creator", "user", "owner") if name in full and account.schema.fields[type][name][0] in ("User", ("!", "User")) and not full[name]})
    if "slugId" in full:
        full["slugId"] = account.fresh()[:12]
        writer.parts.add(full["slugId"])
    if type == "Team":
        made_team(account, writer, full, given)
    elif type == "Issue":
        made_issue(account, full, viewer)
    elif type == "Cycle":
        full["number"] = max([n.full["number"] for n in account.kinds["cycles"].nodes if n.full["team"] == full["team"]], default=0) + 1
    elif type == "Comment":
        full["url"] = f"https://linear.app/comment/{full['id']}"
        writer.parts.add(full["url"])
        echo_ids(full)
    elif type == "IssueRelation" and full["type"] == "duplicate":
        mark_duplicate(account, node)
    elif type == "Document":
        full["documentContentId"] = account.fresh()
        writer.parts.add(full["documentContentId"])
    elif type == "Project":
        full["status"] = full["status"] or ref(account.kinds["project_statuses"].nodes[0])
    elif type == "ProjectUpdate":
        account.by_id("Project", full["project"]["id"]).full["health"] = full["health"]
    if type in ("Project", "Initiative", "Document"):
        full["url"] = url(account, type.lower(), node)
        writer.parts.add(full["url"])


def made_team(account, writer, full, given):
    full["visibility"] = "private" if given.get("private") else "public"
    if not full["key"]:
        full["key"] = f"GEN{len(account.kinds['teams'].nodes)}"
    full["displayName"] = full["name"]
    for place, (name, type) in enumerate(WORKFLOW):
        state = account.make_node(account.kinds["workflow_states"], None)
        state.full.update(name=name, type=type, team={"id": full["id"]}, position=place, color="#bec2c8", description=None, archivedAt=None,
                          createdAt=writer.now(), updatedAt=writer.now(), inheritedFrom=None)


def made_issue(account, full, viewer):
    states = [n for n in account.kinds["workflow_states"].nodes if id_of(n.full, "team") == full["team"]["id"]]
    if not full["state"]:
        full["state"] = ref(next(n for n in states if n.full["type"] == "backlog"))
    key = account.by_id("Team", full["team"]["id"]).full["key"]
    numbers = [n.full["number"] for n in account.kinds["issues"].nodes if n.full["team"] == full["team"] and n.full is not full]
    full["number"] = max(numbers, default=0) + 1
    full["identifier"] = f"{key}-{full['number']}"
    full["url"] = f"https://linear.app/{account.kinds['organization'].nodes[0].full['urlKey']}/issue/{full['identifier']}/some-words"
    full["subscribers"] = [viewer]


def mark_duplicate(account, relation):
    issue = account.by_id("Issue", relation.full["issue"]["id"])
    states = [n for n in account.kinds["workflow_states"].nodes if n.full["team"] == issue.full["team"]]
    issue.full["state"] = ref(next(n for n in states if n.full["type"] == "duplicate"))
    issue.full["completedAt"] = None


def update_input(writer, node, given):
    if node.kind.table["type"] == "Issue":
        judge_issue(writer.account, given, node.full)
    return given


def updated(writer, type, node, given):
    if type == "Comment":
        echo_ids(node.full)


def delete(writer, type, node, given):
    if type in TRASHED and not given.get("permanentlyDelete"):
        node.full.update(trashed=True, archivedAt=writer.now())
        return
    for issue in writer.account.kinds["issues"].nodes:
        if id_of(issue.full, "parent") == node.full["id"]:
            issue.full["parent"] = None
    writer.remove(node)


def other(writer, name, node, given):
    if name != "commentResolve":
        raise Refusal(f"the test server does not know {name}")
    node.full.update(resolvedAt=writer.now(), resolvingUser=ref(writer.account.kinds["users"].nodes[0]))
