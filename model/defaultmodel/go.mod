module github.com/golens/golens/model/defaultmodel

go 1.26.0
