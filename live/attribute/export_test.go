package attribute

// Len returns the number of attributes.
func (m *Map) Len() int { return len(m.attributes) }
