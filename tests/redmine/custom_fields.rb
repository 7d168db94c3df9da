# Custom fields cannot be made through the REST API.
def field(kind, name, format, options = {})
  kind.find_by_name(name) ||
    kind.create!({:name => name, :field_format => format, :is_for_all => true, :is_filter => true}.merge(options))
end

trackers = Tracker.all.to_a
field(IssueCustomField, 'Customer', 'string', :trackers => trackers)
field(IssueCustomField, 'Severity', 'list', :trackers => trackers, :possible_values => %w[low middle high])
field(IssueCustomField, 'Platforms', 'list', :trackers => trackers, :multiple => true,
      :possible_values => ['desk', 'phone', 'a "quoted" one'])
field(IssueCustomField, 'Cost', 'float', :trackers => trackers)
field(ProjectCustomField, 'Cost centre', 'string')
field(UserCustomField, 'Room', 'string')
field(VersionCustomField, 'Code name', 'string')
field(TimeEntryCustomField, 'Billable', 'bool')
