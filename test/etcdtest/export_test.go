package etcdtest

// Data returns the folder of the server's data.
func (s *Server) Data() string { return s.data }
