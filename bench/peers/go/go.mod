module spargio.example/bench

go 1.21
